// Runs before anything is drawn: a chosen theme shows from the first frame on.
try {
  const theme = localStorage.getItem("starwatch-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system's colours stay.
}
