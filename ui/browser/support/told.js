// Keeps what components tell, with the type of each event.
window.told = [];
for (const type of ["saved", "rated", "skipped", "error"])
  addEventListener(`sidetone-${type}`, (event) => told.push({ type: event.type, ...event.detail }));
