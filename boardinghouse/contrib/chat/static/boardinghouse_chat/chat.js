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
  const button = form.querySelector("button");
  const refused = chat.querySelector(".boardinghouse-chat-refused");
  const status = chat.querySelector(".boardinghouse-chat-status");
  const template = chat.querySelector("template");
  const texts = chat.dataset;

  const FORBIDDEN = 4403; /* what a socket is closed with by who may not be here */
  const SHORTEST = 250;
  const LONGEST = 30000;

  let socket = null;
  let isReady = false;
  let wait = SHORTEST;
  let timer = null;
  let sent = null; /* what the server has not answered yet */
  let mark = 0;
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
  }

  function take(data) {
    if (data.type === "message") {
      show(data);
    } else if (data.type === "ready") {
      isReady = true;
      wait = SHORTEST;
      status.textContent = texts.connected;
      noteRead();
    } else if (data.type === "gap") {
      location.reload();
    } else if (sent && data.mark === sent.mark) {
      answer(data);
    }
  }

  function answer(data) {
    if (data.type === "saved" && box.value === sent.text) {
      box.value = "";
    }
    refused.textContent = data.type === "refused" ? data.reason : "";
    settle();
  }

  function settle() {
    sent = null;
    button.disabled = false;
  }

  function lose(code) {
    socket = null;
    isReady = false;
    if (sent) {
      refused.textContent = texts.unsure;
      settle();
    }
    if (code === FORBIDDEN) {
      status.textContent = texts.forbidden;
      button.disabled = box.disabled = true;
      return;
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
      mark += 1;
      sent = { mark, text: box.value };
      button.disabled = true;
      socket.send(JSON.stringify({ say: box.value, mark }));
    }
  });

  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
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
    const response = await fetch(link.href);
    if (!response.ok || response.redirected) {
      throw new Error(response.status);
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const items = page.querySelectorAll(".boardinghouse-chat-log > li");
    const height = log.scrollHeight;
    log.prepend(...items);
    items.forEach(tellTime);
    log.scrollTop += log.scrollHeight - height;
    const next = page.querySelector(".boardinghouse-chat-earlier a");
    if (next) {
      link.href = next.getAttribute("href");
    } else {
      link.remove();
    }
  }

  document.addEventListener("visibilitychange", () => {
    noteRead();
    hurry();
  });
  window.addEventListener("online", hurry);
  window.addEventListener("pageshow", (event) => event.persisted && socket === null && connect());

  log.querySelectorAll("li").forEach(tellTime);
  goToEnd();
  connect();
})();
