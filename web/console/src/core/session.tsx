// Who uses the page: anybody on this machine, or with an admin token whoever has a one-time address.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { epoch, get, isMissing, messageOf, post } from "./api.js";
import { replace, route } from "./route.js";

export interface Session {
  signedIn: boolean;
  needsToken: boolean;
  version?: string;
  address?: string;
  /** Why the caller is not signed in. */
  reason?: string | null;
}

export const session = signal<Session | undefined>(undefined);

/** Signs in with the code in the address, if one is there, and finds out whether it is needed. */
export async function beginSession(): Promise<void> {
  const { screen, rest } = route.value;
  if (screen === "sign-in") {
    // The code leaves the address at once: it must not stay in the browser's history.
    replace("denied");
    try {
      await post("console/sign-in", { code: rest[0] ?? "" });
      epoch.value += 1;
    } catch {
      // The page asks for another code below.
    }
  }
  try {
    session.value = await get<Session>("console/session");
  } catch (error) {
    if (isMissing(error)) session.value = { signedIn: true, needsToken: false };
  }
}

export function SignIn() {
  const [code, setCode] = useState("");
  const [failure, setFailure] = useState("");
  const signIn = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await post("console/sign-in", { code: code.trim() });
      session.value = await get<Session>("console/session");
      epoch.value += 1;
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <div class="page">
      <h1>Sign in</h1>
      <p>
        This server has an admin token. Run <code>ecr-local console</code> with it on any machine that knows it: it
        prints an address that signs you in once, and the code at its end can be entered here.
      </p>
      {session.value?.reason && <p class="hint">{session.value.reason}</p>}
      <form onSubmit={signIn} class="buttons">
        <input
          aria-label="One-time code"
          autocomplete="off"
          value={code}
          onInput={(event) => setCode(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
      {failure !== "" && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}
