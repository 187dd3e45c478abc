/* Keeps open tabs honest: a page that was made in one schema says so with every form, fetch and
   XHR, and notices at once when another tab moves to another schema. No dependency. */
(function () {
  "use strict";

  const script = document.currentScript;
  const { schema = "", name = "", cookie, field, endpoint } = script.dataset;
  const texts = script.dataset;
  const HEADER = "X-Expected-Schema";

  const whole = (address) => new URL(address || location.href, document.baseURI);
  const isHere = (address) => whole(address).origin === location.origin;

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
    if (isPost && isHere(action) && !isSwitch && !event.formData.has(field)) {
      event.formData.append(field, schema);
    }
  });

  if (window.fetch) {
    const send = window.fetch;
    window.fetch = async function (resource, options) {
      const request = new Request(resource, options);
      if (isHere(request.url) && !request.headers.has(HEADER)) {
        request.headers.set(HEADER, schema);
      }
      return send.call(this, request);
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
    if (header.toLowerCase() === HEADER.toLowerCase()) {
      named.add(this);
    }
    return setRequestHeader.call(this, header, value);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (isHere(addresses.get(this)) && !named.has(this)) {
      setRequestHeader.call(this, HEADER, schema);
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
    if (isPinned) {
      return;
    }
    const shown = document.getElementById("boardinghouse-moved");
    if (current() === schema) {
      if (shown) {
        shown.remove();
      }
    } else if (!shown) {
      document.body.prepend(banner());
    }
  }

  function banner() {
    const element = document.createElement("div");
    element.id = "boardinghouse-moved";
    element.className = "boardinghouse-moved";
    element.setAttribute("role", "alert");
    const text = document.createElement("span");
    text.textContent = texts.moved.replace("%s", name || schema || texts.nowhere);
    const reload = document.createElement("a");
    reload.href = location.pathname + location.search; /* with a fragment it would only scroll */
    reload.textContent = texts.reload;
    const choose = document.createElement("a");
    choose.href = endpoint + "?next=" + encodeURIComponent(location.pathname + location.search);
    choose.textContent = texts.choose;
    element.append(text, reload, choose);
    return element;
  }

  const channel = "BroadcastChannel" in window ? new BroadcastChannel("boardinghouse") : null;
  if (channel) {
    channel.onmessage = notice;
    channel.postMessage(schema);
  }
  window.addEventListener("focus", notice);
  window.addEventListener("pageshow", (event) => event.persisted && notice());
  document.addEventListener("visibilitychange", notice);

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
  document.documentElement.classList.add("boardinghouse-scripted");
})();
