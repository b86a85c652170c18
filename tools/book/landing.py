"""The first page: what the course is, two commands, for whom, and the map with minutes."""

from pathlib import Path

from tools.book.outline import Lesson, lessons, parts

TOP = """# vLLM, hands on

This course teaches the vLLM inference engine with the real engine in every cell. It brings its own small language
models, so it runs on a laptop without a GPU and, once set up, without a network. Exercises check themselves and say
what is missing.

This book is for reading, searching and printing. The course itself runs on your machine:

```bash
make lesson
make lab
```

The first command sets everything up and runs lesson 01. The second opens its notebook.
[Start](README.md#start) says what you need, and [where to run the course](lessons/where-to-run.md) names other places.

## For whom

| you | begin with |
|---|---|
| are new to vLLM | FIRST, then the lessons in their order |
| build an application | [Chat interface](LESSON-03), [Serving](LESSON-08), [Chat client and tools](LESSON-09) |
| evaluate models or process files | [Sampling strategies](LESSON-04), [Batch inference](LESSON-05) |
| serve a model | [Errors and memory](LESSON-07), [Serving](LESSON-08), [server security](concepts/server-security.md) |
| teach | [the pages for instructors](teaching/README.md) |
| want it on one page | the [cheat sheets](cheat-sheets/course.md), to print |
| look something up | the search, the [glossary](concepts/glossary.md), or the [index of vLLM's names](names.md) |

## The map

The minutes are for the notebook, then for the exercises.
"""


def page(root: Path) -> str:
    """Return the landing page without its table of contents."""
    rows = lessons(root)
    text = TOP.replace("FIRST", f"[{rows[0].title}]({rows[0].notebook})")
    for row in rows:
        text = text.replace(f"(LESSON-{row.number})", f"({row.notebook})")
    return text + "".join(f"\n### {title}\n\n{_table(members, root)}\n" for title, members in parts(rows).items())


def _table(rows: list[Lesson], root: Path) -> str:
    head = "| lesson | afterwards you can | minutes |\n|---|---|---|\n"
    return head + "\n".join(_row(row, root) for row in rows)


def _row(row: Lesson, root: Path) -> str:
    there = (root / row.exercises).exists()
    practice = f"[{row.exercise_minutes}]({row.exercises})" if there else str(row.exercise_minutes)
    return f"| [{row.number} {row.title}]({row.notebook}) | {row.able} | {row.minutes} + {practice} |"
