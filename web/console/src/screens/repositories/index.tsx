export function Repositories() { return <div class="page"><h1>Repositories</h1></div>; }
