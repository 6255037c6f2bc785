// A document of strangers in a frame that may do nothing: no scripts, no forms, no origin, no network (security rule 18).
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:";

export default function (component) {
  const root = component.parentElement.querySelector(".frame");
  const { page, title, height } = component.data;
  let frame = root.querySelector("iframe");
  if (frame && frame.page === page) return;
  frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.setAttribute("referrerpolicy", "no-referrer");
  frame.title = title;
  frame.style.height = `${height}px`;
  frame.srcdoc = `<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="${POLICY}">${page}`;
  frame.page = page;
  root.replaceChildren(frame);
}
