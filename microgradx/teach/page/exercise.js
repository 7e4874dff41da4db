// Judges what is typed by hashes of right and of known wrong numbers; the fields of a question open from the output down.
const sheet = JSON.parse(document.getElementById("sheet").textContent);
const TRIES_BEFORE_NEXT = 3;  // after so many wrong answers the next field opens, too

function hashed(text) {  // the same as in hidden.py
  let first = 0xdeadbeef, second = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const letter = text.charCodeAt(i) & 255;
    first = Math.imul(first ^ letter, 2654435761);
    second = Math.imul(second ^ letter, 1597334677);
  }
  [first, second] = [
    Math.imul(first ^ (first >>> 16), 2246822507) ^ Math.imul(second ^ (second >>> 13), 3266489909),
    Math.imul(second ^ (second >>> 16), 2246822507) ^ Math.imul(first ^ (first >>> 13), 3266489909),
  ];
  return 4294967296 * (2097151 & second) + (first >>> 0);
}

const digits = x => x === 0 ? "0" : x.toExponential(2);
const fields = [...document.querySelectorAll(".field")].map(row => {
  const { question, field } = row.dataset;
  const known = sheet.questions.find(q => q.name === question).fields.find(f => f.name === field).known;
  return { row, question, field, known, tries: [], done: false, input: row.querySelector("input"), button: row.querySelector("button"),
    told: row.querySelector("output") };
});

function judge(one) {
  const text = one.input.value.trim().replace(",", "."), number = Number(text);
  if (text === "" || !Number.isFinite(number)) { one.told.textContent = "write a number"; return; }
  one.tries.push(number);
  const seen = hashed(`${sheet.salt}/${one.question}/${one.field}/${digits(number)}`);
  const [told] = one.known.find(([, hashes]) => hashes.includes(seen)) ?? ["wrong"];
  one.done = told === "right";
  one.told.textContent = one.done && one.tries.length > 1 ? `right, after ${one.tries.length} tries` : told;
  one.row.classList.toggle("right", one.done);
  one.row.classList.toggle("wrong", !one.done);
  refresh();
  const next = fields.find(other => other.question === one.question && !other.done && !other.input.disabled);
  (one.done && next ? next : one).input.focus();
}

function refresh() {
  let before = null;
  for (const one of fields) {
    const first = !before || before.question !== one.question;
    const left = sheet.tries === null || one.tries.length < sheet.tries;
    const open = first || before.open && (before.done || before.tries.length >= TRIES_BEFORE_NEXT || !before.left);
    Object.assign(one, { open, left });
    one.input.disabled = one.button.disabled = !open || one.done || !left;
    if (!left && !one.done) one.row.title = "no tries are left";
    before = one;
  }
  const right = fields.filter(one => one.done).length;
  document.querySelector(".score").textContent = `${right} of ${fields.length} gradients are right`;
  const answers = {};
  for (const { question, field, tries } of fields) if (tries.length) (answers[question] ??= {})[field] = tries;
  document.querySelector("textarea").value = JSON.stringify({ sheet: sheet.sheet, student: sheet.student, answers });
}

function save() {  // a link to a text of its own is no request: the policy of the page needs no exception for it
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([document.querySelector("textarea").value], { type: "application/json" }));
  link.download = `${sheet.student.replace(/[^\p{L}\p{N}._-]+/gu, "_")}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; });  // as paper is
addEventListener("afterprint", () => { delete document.documentElement.dataset.theme; });
document.querySelector(".save").addEventListener("click", save);
for (const one of fields) {
  one.button.addEventListener("click", () => judge(one));
  one.input.addEventListener("keydown", event => { if (event.key === "Enter") judge(one); });
}
refresh();
