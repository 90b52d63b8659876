"""Fingerprints: estimates of a similarity that is computed exactly here."""

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.corpus import fingerprints

_OPERATIONS = ('add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'ashr')


def function(seed: int, num: int = 60, changed: int = 0) -> ir.Function:
  """Straight code; `changed` of its instructions have another constant."""
  rng = np.random.default_rng(seed)
  lines, last = [], '%x'
  for i in range(num):
    operation = _OPERATIONS[rng.integers(len(_OPERATIONS))]
    constant = int(rng.integers(1, 31))
    # Spread over the function.
    if changed and i % (num // changed) == 0:
      constant += 40
    lines.append(f'  %v{i} = {operation} i32 {last}, {constant}')
    last = f'%v{i}'
  body = '\n'.join(lines)
  text = f'define i32 @f(i32 %x) {{\n{body}\n  ret i32 {last}\n}}\n'
  (result,) = ir.read_module(text).functions
  return result


def jaccard(a: ir.Function, b: ir.Function, size: int = 8) -> float:
  """Of the runs of masked words, straight from the definition."""
  runs = []
  for f in (a, b):
    words = ['%' if w[0] == '%' else w for w in f.words]
    words = [':' if w[-1] == ':' else w for w in words]
    runs.append({tuple(words[i : i + size]) for i in range(len(words) - 7)})
  return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


def near(functions, sources, threshold=0.85) -> list[int]:
  return fingerprints.near_duplicates(
      fingerprints.signatures(functions), np.array(sources), threshold
  ).tolist()


class FingerprintsTest(parameterized.TestCase):

  @parameterized.parameters(0, 1, 4, 12, 30)
  def test_equal_hashes_estimate_the_jaccard_similarity(self, changed):
    errors = []
    for seed in range(20):
      a, b = function(seed), function(seed, changed=changed)
      x, y = fingerprints.signatures([a, b])
      errors.append((x == y).mean() - jaccard(a, b))
    # 64 hashes are wrong by 0.06 at most in one, 20 functions by far less.
    self.assertLess(abs(np.mean(errors)), 0.04)
    if not changed:
      self.assertEqual(np.abs(errors).max(), 0)

  def test_names_of_values_do_not_count(self):
    lines = [f'  %{{1}}{i} = xor i32 %{{0}}, {i}\n' for i in range(20)]
    text = 'define i32 @f(i32 %{0}) {{\n' + ''.join(lines) + '  ret i32 0\n}}\n'
    x, y = (
        fingerprints.signatures(ir.read_module(t).functions)[0]
        for t in (text.format('a', 'b'), text.format('first', 'second'))
    )
    np.testing.assert_array_equal(x, y)

  def test_an_instruction_more_renumbers_nothing(self):
    a = function(1)
    # A dead instruction at the start moves the number of every value.
    text = ' '.join(a.words)
    self.assertIn('%5', text)
    b = function(1)
    b.words = [*a.words[:9], '%0', 'freeze', 'i32', '%a0', *a.words[9:]]
    x, y = fingerprints.signatures([a, b])
    self.assertGreater((x == y).mean(), 0.85)

  def test_the_first_stays(self):
    functions = [
        function(1),
        function(2),
        function(1, changed=1),
        function(1),
        function(2),
    ]
    self.assertEqual(near(functions, range(5)), [-1, -1, 0, 0, 1])

  def test_views_of_a_source_are_no_duplicates(self):
    functions = [function(1), function(1, changed=1), function(1)]
    self.assertEqual(near(functions, [7, 7, 7]), [-1, -1, -1])
    self.assertEqual(near(functions, [7, 7, 8]), [-1, -1, 0])

  def test_what_differs_stays(self):
    functions = [function(1), function(1, changed=20), function(3)]
    self.assertEqual(near(functions, range(3)), [-1] * 3)

  def test_short_functions_have_no_fingerprint(self):
    short = [function(1, num=3), function(1, num=3)]
    self.assertLess(len(short[0].words), fingerprints.MIN_WORDS)
    self.assertFalse(fingerprints.signatures(short).any())
    self.assertEqual(near(short, [0, 1]), [-1, -1])
    self.assertEqual(near([], []), [])

  def test_matches_of_a_list(self):
    known = fingerprints.signatures(
        [function(1), function(2), function(2, num=3)]
    )
    functions = [function(3), function(2, changed=1), function(1)]
    found = fingerprints.matches(
        fingerprints.signatures(functions), known, 0.85
    )
    self.assertEqual(found.tolist(), [-1, 1, 0])
    none = np.zeros((0, fingerprints.NUM_HASHES), np.uint32)
    self.assertEqual(fingerprints.matches(known, none, 0.85).tolist(), [-1] * 3)

  def test_many_equal_functions_are_found_however_many(self):
    same = [function(1)] * 50 + [function(2)] * 50
    signatures = fingerprints.signatures(same)
    found = fingerprints.near_duplicates(signatures, np.arange(100), 0.85)
    self.assertEqual(np.flatnonzero(found < 0).tolist(), [0, 50])


if __name__ == '__main__':
  absltest.main()
