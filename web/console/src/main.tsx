// The frame around the screens: where one can go, what the server is, and whether it answers.
import { render, type ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { connection, epoch } from "./core/api.js";
import { route, to } from "./core/route.js";
import { beginSession, session, SignIn } from "./core/session.js";
import { Denied } from "./screens/denied/index.js";
import { Editor } from "./screens/editor/index.js";
import { Identities } from "./screens/identities/index.js";
import { Live } from "./screens/live/index.js";
import { Repositories } from "./screens/repositories/index.js";
import { Time } from "./screens/time/index.js";

const SCREENS: readonly { id: string; title: string; view: ComponentType }[] = [
  { id: "denied", title: "Why denied", view: Denied },
  { id: "live", title: "Live", view: Live },
  { id: "repositories", title: "Repositories", view: Repositories },
  { id: "editor", title: "Policies", view: Editor },
  { id: "identities", title: "Identities", view: Identities },
  { id: "time", title: "Time", view: Time },
];

const THEMES = ["auto", "light", "dark"] as const;
const theme = signal<(typeof THEMES)[number]>("auto");

function storedTheme(): (typeof THEMES)[number] {
  try {
    const stored = localStorage.getItem("ecr-local-theme");
    return THEMES.find((one) => one === stored) ?? "auto";
  } catch {
    return "auto"; // A browser that stores nothing.
  }
}

function setTheme(next: (typeof THEMES)[number]): void {
  theme.value = next;
  document.documentElement.dataset["theme"] = next;
  try {
    localStorage.setItem("ecr-local-theme", next);
  } catch {
    // It holds until the page is closed.
  }
}

function Connection() {
  if (connection.value === "ready") return null;
  return (
    <div class={"connection " + connection.value} role="alert">
      {connection.value === "lost"
        ? "The server does not answer. What you see may be old; the page asks again every second."
        : "The server takes long to answer …"}
    </div>
  );
}

function NotFound() {
  return (
    <div class="page">
      <h1>There is no such page</h1>
      <p>
        Go to <a href={to("denied")}>Why denied</a>.
      </p>
    </div>
  );
}

function App() {
  const current = SCREENS.find((screen) => screen.id === route.value.screen);
  useEffect(() => {
    void beginSession();
  }, [epoch.value]);
  const asks = session.value?.needsToken === true && !session.value.signedIn;
  const View = current?.view ?? NotFound;
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => {
        event.preventDefault();
        document.getElementById("content")?.focus();
      }}>
        To the content
      </a>
      <header class="bar">
        <a class="brand" href={to("denied")}>
          ECR Local
        </a>
        <nav aria-label="Screens">
          {SCREENS.map((screen) => (
            <a href={to(screen.id)} aria-current={screen === current ? "page" : undefined}>
              {screen.title}
            </a>
          ))}
        </nav>
        <label class="theme">
          <span class="visually-hidden">Colours</span>
          <select
            value={theme.value}
            onChange={(event) => setTheme(THEMES.find((one) => one === event.currentTarget.value) ?? "auto")}
          >
            <option value="auto">Auto</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
      </header>
      <Connection />
      <main id="content" tabIndex={-1}>
        {asks ? <SignIn /> : <View key={current?.id} />}
      </main>
    </>
  );
}

setTheme(storedTheme());
const root = document.getElementById("app");
if (root) render(<App />, root);
