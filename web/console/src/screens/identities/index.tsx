export function Identities() { return <div class="page"><h1>Identities</h1></div>; }
