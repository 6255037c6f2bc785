// The place that a person asked for, kept in this window while the provider signs them in, and gone to afterwards.
const KEY = "conductor.place";
const FRESH = 15 * 60 * 1000;

export default function (component) {
  const here = `${location.pathname}${location.search}`;
  if (component.data.keep) {
    sessionStorage.setItem(KEY, JSON.stringify({ at: Date.now(), here }));
    return;
  }
  const kept = JSON.parse(sessionStorage.getItem(KEY) || "null");
  sessionStorage.removeItem(KEY);
  if (kept && Date.now() - kept.at < FRESH && kept.here !== here && /^\/(?![\/\\])/.test(kept.here)) location.replace(kept.here);
}
