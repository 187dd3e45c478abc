/* Makes a room's page live. Without it the page reads and posts as any form does. What people
   write is only ever put in place as text. No dependency. */
(function () {
  "use strict";

  const chat = document.querySelector(".boardinghouse-chat[data-socket]");
  if (!chat || !("WebSocket" in window)) {
    return;
  }
  const log = chat.querySelector(".boardinghouse-chat-log");
  const earlier = chat.querySelector(".boardinghouse-chat-earlier");
  const form = chat.querySelector("form");
  const box = form.elements.namedItem("text");
  const once = form.elements.namedItem("once");
  const button = form.querySelector("button");
  const refused = chat.querySelector(".boardinghouse-chat-refused");
  const status = chat.querySelector(".boardinghouse-chat-status");
  const template = chat.querySelector("template");
  const texts = chat.dataset;

  const FORBIDDEN = 4403; /* what a socket is closed with by who may not be here */
  const SHORTEST = 250;
  const LONGEST = 30000;
  const PATIENCE = 20000; /* for an answer, before a connection counts as dead */
  const BETWEEN_LOOKS = 60000;

  let socket = null;
  let isReady = false;
  let wait = SHORTEST;
  let timer = null;
  let asked = null; /* runs while the server owes us "ready" */
  let sent = null; /* what the server has not answered yet */
  let read = newest();

  /* What is on the page */

  function newest() {
    return log.lastElementChild ? Number(log.lastElementChild.dataset.id) : 0;
  }

  function tellTime(item) {
    const time = item.querySelector("time");
    const options = { dateStyle: "short", timeStyle: "short" };
    time.textContent = new Date(time.dateTime).toLocaleString(
      document.documentElement.lang || undefined,
      options
    );
  }

  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const goToEnd = () => (log.scrollTop = log.scrollHeight);

  function build(data) {
    const item = template.content.querySelector("li").cloneNode(true);
    item.dataset.id = data.id;
    item.classList.toggle("boardinghouse-chat-own", data.own);
    item.querySelector("b").textContent = data.sender;
    item.querySelector("time").dateTime = data.sent_at;
    item.querySelector("p").textContent = data.text;
    tellTime(item);
    return item;
  }

  /* Messages may come twice, and late ones after later ones. */
  function show(data) {
    let after = log.lastElementChild;
    while (after && Number(after.dataset.id) > data.id) {
      after = after.previousElementSibling;
    }
    if (after && Number(after.dataset.id) === data.id) {
      return;
    }
    const follow = isAtEnd() || data.own;
    log.insertBefore(build(data), after ? after.nextElementSibling : log.firstElementChild);
    if (follow) {
      goToEnd();
    }
    noteRead();
  }

  /* The connection */

  function connect() {
    clearTimeout(timer);
    timer = null;
    const address = new URL(texts.socket, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    /* This page's schema, wherever the session has gone since. */
    address.searchParams.set("__schema", texts.schema);
    address.searchParams.set("after", newest());
    const opened = new WebSocket(address);
    opened.onmessage = (event) => opened === socket && take(JSON.parse(event.data));
    opened.onclose = (event) => opened === socket && lose(event.code);
    socket = opened;
    awaitReady();
  }

  function awaitReady() {
    clearTimeout(asked);
    asked = setTimeout(abandon, PATIENCE);
  }

  /* A connection may be dead, or miss a message, without a word. */
  function look() {
    if (isReady && asked === null) {
      socket.send(JSON.stringify({ after: newest() }));
      awaitReady();
    }
  }

  function abandon() {
    const dead = socket;
    lose(0);
    dead.close();
  }

  function take(data) {
    if (data.type === "message") {
      show(data);
    } else if (data.type === "ready") {
      clearTimeout(asked);
      asked = null;
      const isNew = !isReady;
      isReady = true;
      wait = SHORTEST;
      status.textContent = texts.connected;
      noteRead();
      if (sent && isNew) {
        transmit();
      }
    } else if (data.type === "gap") {
      showLatest().catch(() => location.assign(form.action.split("#")[0]));
    } else if (sent && data.mark === sent.mark) {
      answer(data);
    }
  }

  function answer(data) {
    if (data.type === "saved") {
      /* Somebody may have typed on meanwhile. */
      if (box.value.startsWith(sent.text)) {
        box.value = box.value.slice(sent.text.length);
      }
      once.value = randomKey();
    }
    refused.textContent = data.type === "refused" ? data.reason : "";
    sent = null;
  }

  function transmit() {
    socket.send(JSON.stringify({ say: sent.text, mark: sent.mark }));
  }

  /* A UUID of version 4; crypto.randomUUID is not there on a site without TLS. */
  function randomKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function lose(code) {
    socket = null;
    isReady = false;
    clearTimeout(asked);
    asked = null;
    if (code === FORBIDDEN) {
      refused.textContent = "";
      status.textContent = texts.forbidden;
      button.disabled = box.disabled = true;
      return;
    }
    if (sent) {
      refused.textContent = texts.unsure;
    }
    status.textContent = texts.lost;
    timer = setTimeout(connect, wait * (0.5 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST);
  }

  function hurry() {
    if (timer !== null) {
      connect();
    }
  }

  function noteRead() {
    if (isReady && !document.hidden && newest() > read) {
      read = newest();
      socket.send(JSON.stringify({ read }));
    }
  }

  /* What a person does. Without a connection, the form goes its own way. */

  form.addEventListener("submit", (event) => {
    if (!isReady) {
      return;
    }
    event.preventDefault();
    if (sent === null) {
      sent = { mark: once.value, text: box.value };
      transmit();
    }
  });

  box.addEventListener("keydown", (event) => {
    /* Safari tells of the end of a composition by 229 alone. */
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  earlier.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      showEarlier(link).catch(() => location.assign(link.href));
    }
  });

  async function showEarlier(link) {
    const page = await load(link.href);
    const oldest = Number(log.firstElementChild.dataset.id);
    /* A link that was followed twice brings nothing twice. */
    const items = itemsOf(page).filter((item) => Number(item.dataset.id) < oldest);
    const height = log.scrollHeight;
    log.prepend(...items);
    items.forEach(tellTime);
    log.scrollTop += log.scrollHeight - height;
    const next = page.querySelector(".boardinghouse-chat-earlier a");
    if (next) {
      link.href = next.getAttribute("href");
    } else {
      link.remove();
      log.focus(); /* the keyboard's place is not lost with the link */
    }
  }

  /* After a gap: what was typed stays. */
  async function showLatest() {
    const page = await load(form.action);
    const items = itemsOf(page);
    log.replaceChildren(...items);
    items.forEach(tellTime);
    earlier.replaceChildren(...page.querySelector(".boardinghouse-chat-earlier").childNodes);
    goToEnd();
  }

  /* A page of this room in this schema, or an error: the session may have moved. */
  async function load(address) {
    const response = await fetch(address);
    const text = await response.text();
    const page = new DOMParser().parseFromString(text, "text/html");
    const there = page.querySelector(".boardinghouse-chat");
    const isHere =
      there && there.dataset.schema === texts.schema && there.dataset.room === texts.room;
    if (!response.ok || response.redirected || !isHere) {
      throw new Error(response.status);
    }
    return page;
  }

  const itemsOf = (page) => [...page.querySelectorAll(".boardinghouse-chat-log > li")];

  document.addEventListener("visibilitychange", () => {
    noteRead();
    hurry();
    look();
  });
  window.addEventListener("online", () => {
    hurry();
    look();
  });
  setInterval(look, BETWEEN_LOOKS);
  window.addEventListener("pageshow", (event) => event.persisted && socket === null && connect());

  log.querySelectorAll("li").forEach(tellTime);
  goToEnd();
  connect();
})();
