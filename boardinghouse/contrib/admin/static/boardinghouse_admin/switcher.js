/* The switcher's search box becomes the admin's autocomplete. Without this script the box searches
   in the chooser. */
(function () {
  "use strict";

  /* The two scripts before this one have made a jQuery with select2, for the switcher alone: the
     page's own jQuery, and what is bound to it, stays where it was. */
  const $ = window.jQuery.noConflict(true);
  const { address, styles, placeholder, searching, nothing, failed } = document.currentScript.dataset;

  for (const path of ["vendor/select2/select2.css", "autocomplete.css"]) {
    if (!document.querySelector('link[href*="' + path + '"]')) {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = styles + path;
      link.nonce = document.currentScript.nonce;
      document.head.append(link);
    }
  }

  function enhance(form, search) {
    const select = document.createElement("select");
    select.name = "schema";
    select.setAttribute("aria-label", search.getAttribute("aria-label") || placeholder);
    form.querySelectorAll("button").forEach((button) => button.remove());
    search.replaceWith(select);
    $(select)
      .select2({
        ajax: {
          url: address,
          dataType: "json",
          delay: 150,
          data: ({ term, page }) => ({ term, page }),
        },
        language: {
          searching: () => searching,
          noResults: () => nothing,
          errorLoading: () => failed,
          loadingMore: () => searching,
        },
        placeholder,
        theme: "admin-autocomplete",
      })
      .on("select2:select", () => form.requestSubmit())
      .on("select2:open", () => document.querySelector(".select2-search__field").focus());
  }

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector(".boardinghouse-header form.boardinghouse-switcher");
    const search = form && form.querySelector('input[name="q"]');
    if (search) {
      enhance(form, search);
    }
  });
})();
