/* The review: what is due, read when it is asked for and never before, with the forms of the quizzes. */
import { form } from './quiz.js';

function paragraph(text) {
  return Object.assign(document.createElement('p'), { textContent: text });
}

/** Fill a part of the page with what is due; ask(sent) sends an answer, or without one asks what is due. */
export async function review(place, ask) {
  const found = await ask();
  if (found.problem || found.nothing) {
    place.replaceChildren(paragraph(found.problem ?? found.nothing));
    return;
  }
  const quiz = Object.assign(document.createElement('div'), { className: 'vc-quiz' });
  const more = found.due_total - found.due.length;
  const trouble = Object.assign(document.createElement('p'), { className: 'vc-trouble' });
  trouble.setAttribute('role', 'status');
  const forms = found.due.map((question, n) => {
    const { lesson, name } = question;
    const { element, show } = form(question, `${n + 1}. Lesson ${lesson}:`, async sent => {
      const told = await ask({ lesson, name, sent });
      trouble.textContent = told.trouble ?? '';
      show(told);
    });
    return element;
  });
  quiz.append(...forms, trouble);
  const rest = more > 0 ? [paragraph(`${more} more are due. They come when these are answered: open the review again.`)] : [];
  place.replaceChildren(quiz, ...rest);
}
