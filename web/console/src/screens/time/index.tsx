export function Time() { return <div class="page"><h1>Time</h1></div>; }
