// The engine's dedicated worker: the same module as the page's, which sees that it is in no window.
import init from './app.js';

await init();
