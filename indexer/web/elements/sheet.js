// The opened note on its way to the desk, which shows it once the answer is on the screen.
export default function ({ data: [data] }) {
  window.notepointSheet = data;
  document.dispatchEvent(new Event("notepoint-sheet"));
}
