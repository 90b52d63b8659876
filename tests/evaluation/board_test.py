"""The board says what summary.json has, no more and no less."""

import json
import pathlib
import tempfile

from absl.testing import absltest

from mirencoder_jax.evaluation.evaluation import Comparison
from mirencoder_jax.evaluation.report import board
from mirencoder_jax.evaluation.report import page as results_page

DOCS = pathlib.Path(__file__).resolve().parents[2] / 'docs'


def comparison(vector, split, difference, low, high, **other):
  fields = dict(
      task='task',
      split=split,
      target='machine',
      metric='accuracy',
      vector=vector,
      value=0.5 + difference,
      baseline='counts, kernel',
      baseline_value=0.5,
      difference=difference,
      low=low,
      high=high,
      oracle=1.0,
  )
  return Comparison(**fields | other)


class BoardTest(absltest.TestCase):

  def test_rows_in_the_order_of_the_last_split(self):
    text = board.format_board(
        [
            comparison('a', 'random', 0.3, 0.2, 0.4),
            comparison('a', 'kernel', 0.1, -0.1, 0.2),
            comparison('b', 'kernel', 0.0, None, None),
            comparison('a', 'program', -0.1, -0.2, 0.0),
            comparison('b', 'program', 0.1, 0.05, 0.2),
            # In pairs: not beside the best baseline.
            comparison('b', 'program', 0.4, 0.3, 0.5, baseline='not trained'),
        ]
    )
    table = [line for line in text.splitlines() if line.startswith('|')]
    self.assertEqual(
        table,
        [
            '| vector | kernel | program |',
            '|---|---:|---:|',
            '| b | 50.0 | **60.0 [+5.0, +20.0]** |',
            '| a | 60.0 [-10.0, +20.0] | 40.0 [-20.0, +0.0] |',
            '| best baseline | 50.0 (counts, kernel) | 50.0 (counts, kernel) |',
            '| oracle | 100.0 | 100.0 |',
        ],
    )

  def test_what_explains_costs_has_a_table_of_its_own(self):
    text = board.format_board(
        [
            comparison('a', 'program', 0.1, 0.0, 0.2, metric='saved'),
            comparison('a', 'program', 0.1, 0.0, 0.2, metric='geomean'),
            comparison('a', 'program', 0.1, 0.0, 0.2, metric='ratio_r2'),
        ]
    )
    titles = [line for line in text.splitlines() if line.startswith('## ')]
    self.assertEqual(
        titles,
        ['## task, machine: saved %', '## task, machine: R² of log ratios'],
    )

  def test_a_page_of_that_name_is_not_written_over(self):
    with tempfile.TemporaryDirectory() as folder:
      page = pathlib.Path(folder, 'RESULTS.md')
      results_page.check(page)
      mine = pathlib.Path(folder, board.NAME)
      mine.write_text('Members of the board')
      with self.assertRaisesRegex(ValueError, 'board.md is no board of eval'):
        results_page.check(page)
      page.write_text('\n'.join(results_page.MARKERS))
      results_page.check(page)  # gets the overview, and no board
      page.unlink()
      mine.write_text(board.format_board([]))
      results_page.check(page)

  def test_the_page_is_that_of_the_summary(self):
    rows = json.loads((DOCS / 'results/summary.json').read_text())
    self.assertEqual(
        (DOCS / 'board.md').read_text(),
        board.format_board([Comparison(**row) for row in rows]),
    )


if __name__ == '__main__':
  absltest.main()
