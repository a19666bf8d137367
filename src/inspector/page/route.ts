// Where the reader is, and what is filtered: all of it stands in the address, so that it can be sent to somebody else.
//   #/                      the matrix
//   #/cell/ID               a cell
//   #/cell/ID/N             the timeline of its attempt N
import { useEffect, useState } from "preact/hooks";

export interface Route { path: string[]; query: URLSearchParams }

export function readRoute(): Route {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const decoded = path.split("/").filter(part => part !== "").map(part => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { path: decoded, query: new URLSearchParams(query ?? "") };
}

export function address(path: string[], query?: URLSearchParams | Record<string, string>): string {
  const text = new URLSearchParams(query as Record<string, string>).toString();
  return "#/" + path.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
}

export function useRoute(): Route {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const listen = () => setRoute(readRoute());
    addEventListener("hashchange", listen);
    return () => removeEventListener("hashchange", listen);
  }, []);
  return route;
}

// Changes the filters where the reader is. Typing makes no history.
export function setQuery(change: Record<string, string | null>, remember = false): void {
  const { path, query } = readRoute();
  for (const [key, value] of Object.entries(change)) {
    if (value === null || value === "") query.delete(key);
    else query.set(key, value);
  }
  const next = address(path, query);
  if (next === location.hash || (next === "#/" && location.hash === "")) return;
  if (remember) {
    location.hash = next;
  } else {
    history.replaceState(null, "", next);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }
}
