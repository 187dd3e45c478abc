/* Keeps open tabs honest: a page that was made in one schema says so with every form, fetch and
   XHR, and notices at once when another tab moves to another schema. No dependency. */
(function () {
  "use strict";

  /* Once a page, though what exchanges its body may run this again: see `place`. */
  if (document.documentElement.classList.contains("boardinghouse-scripted")) {
    return;
  }
  document.documentElement.classList.add("boardinghouse-scripted");

  const script = document.currentScript;
  const { cookie, field, endpoint } = script.dataset;
  const texts = script.dataset;
  const HEADER = "X-Expected-Schema";

  /* Where what asks for a schema itself says so: it is held to that one, and we add nothing. */
  const WISH_HEADER = "X-Change-Schema";
  const WISH_PARAMETER = "__schema";

  const whole = (address) => new URL(address || location.href, document.baseURI);
  const isHere = (address) => whole(address).origin === location.origin;
  const asks = (address) => whole(address).searchParams.has(WISH_PARAMETER);

  /* Where the page was made. htmx's boost and Turbo exchange the body, and the switcher with it,
     without running a script again; Turbo adds another script. */
  function place() {
    const switcher = document.querySelector("form.boardinghouse-switcher[data-schema]");
    const scripts = document.querySelectorAll("script[data-schema][data-cookie]");
    const { schema = "", name = "" } = (switcher || [...scripts].pop() || script).dataset;
    return { schema, name };
  }

  /* Going back, or loading again, makes the page anew where one is now, and the browser then fills
     in what was typed where one was: so each entry of the history remembers where that is. */
  let isRestored = false;
  const remembered = () => (history.state || {}).boardinghouse;

  function remember() {
    if (typeof (history.state || {}) === "object") {
      history.replaceState({ ...history.state, boardinghouse: place() }, "");
    }
  }

  function isChosen(select) {
    const options = [...select.options];
    const isSaid = select.multiple || options.some((option) => option.defaultSelected);
    return isSaid
      ? options.some((option) => option.selected !== option.defaultSelected)
      : select.selectedIndex > 0;
  }

  function isTyped(control) {
    if (control.options) {
      return isChosen(control);
    }
    const isTicked = control.type === "checkbox" || control.type === "radio";
    return isTicked
      ? control.checked !== control.defaultChecked
      : control.value !== control.defaultValue;
  }

  function recall() {
    const before = remembered();
    const controls = [...document.querySelectorAll("input, select, textarea")];
    const own = (control) => control.closest("form.boardinghouse-switcher");
    isRestored =
      Boolean(before) &&
      before.schema !== place().schema &&
      controls.some((control) => !own(control) && isTyped(control));
    if (isRestored) {
      notice();
    } else {
      remember();
    }
  }

  /* Where what is sent from here was made: what was typed before counts. */
  const expected = () => ((isRestored && remembered()) || place()).schema;

  /* Forms: `formdata` is sent for form.submit() too. Attributes, not properties: a form may have
     a field called "action" or "method". The button is forgotten in the next task, as pages make
     a FormData of their own between the click and the sending. */
  let submitter = null;
  function noteSubmitter(event) {
    submitter = event.submitter;
    setTimeout(() => (submitter = null));
  }
  document.addEventListener("submit", noteSubmitter, true);
  document.addEventListener("formdata", (event) => {
    const form = event.target;
    const button = submitter && submitter.form === form ? submitter : null;
    const method = (button && button.getAttribute("formmethod")) || form.getAttribute("method");
    const action = (button && button.getAttribute("formaction")) || form.getAttribute("action");
    const isPost = (method || "").toLowerCase() === "post";
    const isSwitch = isHere(action) && whole(action).pathname === endpoint;
    const isGuarded = isPost && isHere(action) && !isSwitch && !asks(action);
    if (isGuarded && (isRestored || !event.formData.has(field))) {
      event.formData.set(field, expected());
    }
  });

  /* In the mode "no-cors", which means nothing on the own site, browsers drop headers. */
  function withHeaders(request) {
    const { mode, referrer, referrerPolicy } = request;
    return mode === "no-cors"
      ? new Request(request, { mode: "cors", referrer, referrerPolicy })
      : request;
  }

  if (window.fetch) {
    const send = window.fetch;
    window.fetch = async function (resource, options) {
      let request = new Request(resource, options);
      const names = [HEADER, WISH_HEADER];
      const isOurs = isHere(request.url);
      if (isOurs && !asks(request.url) && !names.some((name) => request.headers.has(name))) {
        request = withHeaders(request);
        request.headers.set(HEADER, expected());
      }
      const response = await send.call(this, request);
      if (isOurs) {
        compare();
      }
      return response;
    };
  }

  /* htmx sends XHR too, and so needs nothing of its own. */
  const addresses = new WeakMap();
  const named = new WeakSet();
  const { open, send, setRequestHeader } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    addresses.set(this, address);
    named.delete(this);
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.setRequestHeader = function (header, value) {
    if ([HEADER, WISH_HEADER].some((each) => each.toLowerCase() === header.toLowerCase())) {
      named.add(this);
    }
    return setRequestHeader.call(this, header, value);
  };
  XMLHttpRequest.prototype.send = function (body) {
    const address = addresses.get(this);
    if (isHere(address)) {
      if (!asks(address) && !named.has(this)) {
        setRequestHeader.call(this, HEADER, expected());
      }
      this.addEventListener("loadend", compare, { once: true });
    }
    return send.call(this, body);
  };

  /* Other tabs: the cookie is what the last response of this site said. */
  function current() {
    const found = document.cookie.split("; ").find((each) => each.startsWith(cookie + "="));
    return found ? decodeURIComponent(found.slice(cookie.length + 1)).split(":")[0] : "";
  }

  /* A page whose address says the schema stays in it, whatever the session does. */
  const isPinned = "pinned" in script.dataset;

  function notice() {
    const shown = document.getElementById("boardinghouse-moved");
    const isMoved = !isPinned && current() !== place().schema;
    if (!isMoved && !isRestored) {
      if (shown) {
        shown.remove();
      }
    } else if (!shown) {
      document.body.prepend(banner(isMoved ? texts.moved : texts.restored));
    }
  }

  function banner(text) {
    const { schema, name } = (isRestored && remembered()) || place();
    const element = document.createElement("div");
    element.id = "boardinghouse-moved";
    element.className = "boardinghouse-moved";
    element.setAttribute("role", "alert");
    const said = document.createElement("span");
    said.textContent = text.replace("%s", () => name || schema || texts.nowhere);
    const reload = document.createElement("a");
    reload.href = location.pathname + location.search; /* with a fragment it would only scroll */
    reload.textContent = texts.reload;
    const choose = document.createElement("a");
    choose.href = endpoint + "?next=" + encodeURIComponent(location.pathname + location.search);
    choose.textContent = texts.choose;
    element.append(said, reload, choose);
    return element;
  }

  /* Tabs tell each other; where the browser tells of cookies, it tells of switches that end on a
     page without this script, too. A script of this page may have switched with its request. */
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("boardinghouse") : null;
  let known = current();

  function compare() {
    if (current() !== known) {
      known = current();
      notice();
      if (channel) {
        channel.postMessage(known);
      }
    }
  }

  if (channel) {
    channel.onmessage = notice;
    channel.postMessage(known);
  }
  if ("cookieStore" in window) {
    window.cookieStore.addEventListener("change", notice);
  }
  window.addEventListener("focus", notice);
  window.addEventListener("pageshow", (event) => (event.persisted ? notice() : recall()));
  document.addEventListener("visibilitychange", notice);
  if (!remembered()) {
    remember();
  }

  /* The switcher: a choice is a switch. The button is for those without scripts, and for the
     keyboard: each press of an arrow is a change. */
  const switcherOf = (event) =>
    event.target.name === "schema" && event.target.closest("form.boardinghouse-switcher");
  document.addEventListener("keydown", (event) => {
    const form = event.key !== "Tab" && switcherOf(event);
    if (form) {
      form.classList.add("boardinghouse-keyed");
    }
  });
  document.addEventListener("pointerdown", (event) => {
    const form = switcherOf(event);
    if (form) {
      form.classList.remove("boardinghouse-keyed");
    }
  });
  document.addEventListener("change", (event) => {
    const form = switcherOf(event);
    if (form && !form.classList.contains("boardinghouse-keyed")) {
      form.requestSubmit();
    }
  });
})();
