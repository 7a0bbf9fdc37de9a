// Renews the line of a page that has role=status, so that nobody has to reload it. Without this script nothing is missing.
"use strict";

const line = document.querySelector("[role=status]");

async function renew() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const newer = page.querySelector("[role=status]");
    // What has not changed is left alone: screen readers read out whatever is replaced.
    if (answer.ok && newer && newer.innerHTML !== line.innerHTML) line.replaceChildren(...newer.childNodes);
  } catch {
    // Without a network the line stays as it is, and the next try comes soon.
  }
}

setInterval(renew, 15_000);
