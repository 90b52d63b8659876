"""Tests of `corpus.worker_pool`: whatever a task does, the others are done."""

import functools
import os
import time

from absl.testing import absltest

from mirencoder_jax.corpus import worker_pool


class WorkerPoolTest(absltest.TestCase):

  def results(self, function, tasks, processes=2, timeout=60.0):
    with worker_pool.WorkerPool(processes, timeout) as pool:
      return dict(pool.map(function, tasks))

  def test_every_task_has_its_value(self):
    actual = self.results(abs, range(-20, 0))
    self.assertEqual(
        {task: outcome.value for task, outcome in actual.items()},
        {task: -task for task in range(-20, 0)},
    )

  def test_an_error_is_its_tasks_failure(self):
    actual = self.results(int, ['1', 'x', '3'])
    self.assertEqual(actual['1'].value, 1)
    self.assertEqual(actual['3'].value, 3)
    self.assertEqual(actual['x'].failure.reason, 'ValueError')
    self.assertIn("'x'", actual['x'].failure.message)

  def test_a_dead_worker_is_its_tasks_failure(self):
    actual = self.results(os._exit, [7])
    self.assertEqual(actual[7].failure.reason, 'crash')
    self.assertIn('exit code 7', actual[7].failure.message)

  def test_a_signal_is_named_and_the_rest_goes_on(self):
    # eval stands for a library that aborts on one input.
    tasks = ['1 + 1', '__import__("os").abort()', '2 + 2', '3 + 3']
    actual = self.results(eval, tasks, processes=1)
    self.assertIn('SIGABRT', actual[tasks[1]].failure.message)
    self.assertEqual(
        [actual[t].value for t in tasks if t != tasks[1]], [2, 4, 6]
    )

  def test_what_a_dying_worker_says_is_kept(self):
    task = (
        '__import__("os").write(2, b"LLVM ERROR: out of cheese\\n"), '
        '__import__("os").abort()'
    )
    failure = self.results(eval, [task])[task].failure
    self.assertIn('LLVM ERROR: out of cheese', failure.message)

  def test_output_of_a_task_is_no_answer(self):
    self.assertIsNone(self.results(print, ['noise'])['noise'].failure)

  def test_a_hang_costs_its_task_only(self):
    start = time.monotonic()
    actual = self.results(time.sleep, [0.0, 300.0, 0.01], timeout=3.0)
    self.assertLess(time.monotonic() - start, 30.0)
    self.assertEqual(actual[300.0].failure.reason, 'timeout')
    self.assertIsNone(actual[0.0].failure)
    self.assertIsNone(actual[0.01].failure)

  def test_a_map_left_early_does_not_disturb_the_next(self):
    with worker_pool.WorkerPool(2) as pool:
      next(pool.map(abs, range(100)))
      actual = dict(pool.map(functools.partial(max, 5), range(10)))
    self.assertEqual(
        [actual[i].value for i in range(10)], [5] * 6 + [6, 7, 8, 9]
    )

  def test_a_large_value_comes_whole(self):
    actual = self.results(bytes, [5_000_000])
    self.assertLen(actual[5_000_000].value, 5_000_000)


if __name__ == '__main__':
  absltest.main()
