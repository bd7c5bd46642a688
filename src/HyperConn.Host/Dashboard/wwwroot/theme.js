// Before the first paint, so that a dark page never flashes white.
(() => {
  const stored = localStorage.getItem('hyperconn.theme');
  if (stored === 'light' || stored === 'dark') document.documentElement.dataset.theme = stored;
})();
