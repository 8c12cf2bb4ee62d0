// Starts the program in the window. If it cannot start, the page says so and what to do; the lesson's text stays readable.
try {
  const theme = localStorage.getItem('ottla-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing follows the system's theme.
}
try {
  const { default: init } = await import('./app.js');
  await init();
} catch (error) {
  console.error(error);
  const notice = document.getElementById('boot-notice');
  if (notice) {
    notice.textContent =
      'The cluster could not start. Ottla needs a browser of the last three years and a connection that does not cut '
      + 'files short; loading the page again may help.';
  }
}
