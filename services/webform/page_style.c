/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small style sheet inside the page: no second request, and the policy allows exactly these bytes by their
 * digest. Colours have a contrast of 4.5:1 or more in both schemes (7:1 for text); everything is in rem, so that it
 * grows with the reader's letters; system colours take over by themselves in forced-colours mode.
 */
#include "page.h"

static const char style[] =
    ":root{color-scheme:light dark;--page:#f3f5f9;--card:#fff;--text:#16202e;--soft:#48566a;--line:#6f7d92;"
    "--accent:#1c4fc4;--accent-text:#fff;--focus:#0b3fae;--bad:#b3141d;--bad-card:#fdf1f1;--note-card:#eef4ff}"
    "@media(prefers-color-scheme:dark){:root{--page:#0f141c;--card:#19212d;--text:#eef2f8;--soft:#b6c2d3;"
    "--line:#8392a8;--accent:#8fb4ff;--accent-text:#0b1626;--focus:#b9d0ff;--bad:#ff9d9d;--bad-card:#33191d;"
    "--note-card:#1b2a45}}"
    "@media(prefers-contrast:more){:root{--soft:var(--text);--line:var(--text)}}"
    "*{box-sizing:border-box}"
    "html{font:100%/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;background:var(--page);"
    "color:var(--text);-webkit-text-size-adjust:100%}"
    "body{margin:0;padding:1rem}"
    "main{max-width:40rem;margin:1.5rem auto;padding:2rem;background:var(--card);border-radius:1rem;"
    "border:1px solid transparent;box-shadow:0 1px 2px #0002,0 8px 32px #0001;overflow-wrap:anywhere}"
    "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem;letter-spacing:-.01em}"
    "h2{font-size:1.125rem;margin:0 0 .25rem}"
    ".intro{margin:0 0 1.25rem;color:var(--soft);white-space:pre-line}"
    ".field{margin:0 0 1.25rem}"
    "fieldset{margin:0 0 1.25rem;padding:0;border:0;min-width:0}"
    "legend,label{display:block;font-weight:600;padding:0}"
    "legend{font-size:1.0625rem}"
    "fieldset .field{margin:.75rem 0 0}"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));gap:0 1rem;"
    "align-items:end}"
    ".hint,.optional{color:var(--soft);font-weight:400}"
    ".hint{margin:0;font-size:.9375rem}"
    ".error{margin:.125rem 0 0;color:var(--bad);font-weight:600;font-size:.9375rem}"
    ".error::before{content:'\\26A0\\FE0E\\00A0'}"
    "input,textarea{display:block;width:100%;min-height:2.75rem;margin-top:.375rem;padding:.5rem .75rem;font:inherit;"
    "color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.5rem}"
    "textarea{min-height:11rem;resize:vertical}"
    "input[type=file]{padding:.5rem}"
    "::file-selector-button{min-height:1.75rem;margin-right:.75rem;padding:0 .75rem;font:inherit;font-size:.9375rem;"
    "color:inherit;background:var(--page);border:1px solid var(--line);border-radius:.375rem;cursor:pointer}"
    "[aria-invalid=true]{border:2px solid var(--bad)}"
    ".check{display:grid;grid-template-columns:auto 1fr;gap:.75rem;align-items:start}"
    ".check input{width:1.5rem;height:1.5rem;min-height:0;margin:0;padding:0;accent-color:var(--accent)}"
    ".check label{font-weight:400;white-space:pre-line}"
    "button,.button{display:inline-block;min-height:2.75rem;padding:.625rem 1.5rem;font:inherit;font-weight:600;"
    "color:var(--accent-text);background:var(--accent);border:2px solid transparent;border-radius:.5rem;"
    "text-decoration:none;cursor:pointer}"
    "button:hover,.button:hover{filter:brightness(1.1)}"
    "a{color:var(--accent);text-underline-offset:.15em}"
    ".box a{display:inline-block;min-height:1.5rem;color:inherit}"
    "a:focus-visible,input:focus-visible,textarea:focus-visible,button:focus-visible,.box:focus{"
    "outline:3px solid var(--focus);outline-offset:2px}"
    ".box{margin:1rem 0 1.5rem;padding:1rem 1.25rem;border-radius:.5rem;border:1px solid var(--focus);"
    "border-left-width:.375rem;background:var(--note-card)}"
    ".box.bad{border-color:var(--bad);background:var(--bad-card)}"
    ".box p,.box ul{margin:0}.box ul{padding-left:1.25rem}.box p+ul{margin-top:.5rem}"
    ".foot{display:flex;flex-wrap:wrap;gap:1rem 1.5rem;align-items:center;margin-top:1.75rem}"
    ".foot a:not(.button){display:inline-block;padding:.25rem 0}"
    ".reference{font:600 1.375rem/1.4 ui-monospace,'DejaVu Sans Mono',monospace;letter-spacing:.04em;"
    "user-select:all;margin:0}"
    ".trap{position:absolute;left:-100vw;width:1px;height:1px;overflow:hidden}"
    "@media(max-width:30rem){body{padding:0}main{margin:0;padding:1.25rem;border-radius:0;min-height:100vh}"
    "h1{font-size:1.5rem}button{width:100%}}";

struct slice page_style(void) {
  return slice_of(style, sizeof(style) - 1);
}
