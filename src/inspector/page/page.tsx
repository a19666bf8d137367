// The page: reads the report, then shows what the address says.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import "./page.css";
import { CellPage } from "./cell";
import { Matrix } from "./matrix";
import { askEarly } from "./reading";
import { About, Report, duration, visible, whileItGoesOn } from "./report";
import { address, useRoute } from "./route";
import { openSource } from "./source";
import { TimelinePage } from "./timeline";

const source = openSource();
const lookEvery_ms = 2000;

export interface Data { report: Report; about: About }

function Theme() {
  const [theme, setTheme] = useState(() => { try { return localStorage.getItem("theme") ?? ""; } catch { return ""; } });
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    dispatchEvent(new Event("themechange"));
    try { localStorage.setItem("theme", theme); } catch { /* a file from disk may keep nothing */ }
  }, [theme]);
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  return <button class="plain" title={dark ? "light colours" : "dark colours"} aria-label={dark ? "light colours" : "dark colours"}
    onClick={() => setTheme(dark ? "light" : "dark")}>{dark ? "☀" : "☾"}</button>;
}

function Head({ data }: { data: Data }) {
  const run = data.report.run;
  return <header class="head">
    <a class="brand" href={address([])}>interoper</a>
    <a class="run" href={address([])}>{visible(run.id)}</a>
    <span class="quiet wide">{[run.suite.name, run.started.slice(0, 19).replace("T", " ") + " UTC", duration(run.duration_ms),
      run.finished ? "" : data.about.goes_on ? "goes on" : "did not finish"].filter(Boolean).map(visible).join(" · ")}</span>
    <span class="fill" />
    <Theme />
  </header>;
}

function Page() {
  const [data, setData] = useState<Data | null>(null);
  const [trouble, setTrouble] = useState("");
  const route = useRoute();
  useEffect(() => {
    const read = async () => {
      const began = performance.now();
      const both = Promise.all([source.report(), source.about()]);
      if (!data) askEarly(source);  // behind them: it may take long
      const [report, about] = await both;
      setData({ report: about.goes_on ? whileItGoesOn(report) : report, about });
      // Who looks on takes a tenth of the time at most from those who run.
      if (about.goes_on) setTimeout(() => read().catch(() => {}), Math.max(lookEvery_ms, 10 * (performance.now() - began)));
    };
    read().catch(error => setTrouble(String(error.message)));
  }, []);
  useEffect(() => { performance.mark(`shown ${route.path.length}`); });
  if (trouble) return <main class="trouble">{trouble}</main>;
  if (!data) return <main class="loading">reading the report …</main>;
  const cell = route.path[0] === "cell" ? data.report.cells.find(one => one.id === route.path[1]) : undefined;
  const attempt = cell?.attempts.find(one => String(one.n) === route.path[2]);
  return <>
    <Head data={data} />
    {route.path[0] === "cell" && !cell ? <main class="trouble">this report has no cell “{visible(route.path[1] ?? "")}”</main>
      : cell && attempt ? <TimelinePage key={`${cell.id} ${attempt.n}`} source={source} data={data} cell={cell} attempt={attempt} query={route.query} />
      : cell ? <CellPage key={cell.id} source={source} data={data} cell={cell} />
      : <Matrix data={data} query={route.query} />}
  </>;
}

render(<Page />, document.getElementById("page")!);
