"""Numbers as words: exact while small or common, else sign and size."""

import math

from absl.testing import absltest, parameterized

from mirencoder_jax.ir.parsing import constant_text


class IntegerWordTest(parameterized.TestCase):

  @parameterized.parameters(
      '0', '1', '-1', '256', '-256', '4096', '-65536', '65535', '1000000',
      str(2**64 - 1), str(2**63), str(-(2**63)), '1000',
  )  # fmt: skip
  def test_small_and_common_numbers_are_themselves(self, text):
    self.assertEqual(constant_text.integer_word(text), text)

  @parameterized.parameters(
      # 2^k x (1 + q / 4) up to the next quarter is `~2^k.q`.
      (2**17 + 1, '~2^17.0'),
      (2**17 + 2**15, '~2^17.1'),
      (2**17 + 2**16 - 1, '~2^17.1'),
      (2**17 + 2**16, '~2^17.2'),
      (2**18 - 2, '~2^17.3'),
      (-300, '-~2^8.0'),
      (10**30, '~2^99.2'),
  )
  def test_other_numbers_keep_sign_and_size(self, value, word):
    self.assertEqual(constant_text.integer_word(str(value)), word)

  def test_size_is_monotonous(self):
    def quarters(word):
      exponent, quarter = word.removeprefix('~2^').split('.')
      return 4 * int(exponent) + int(quarter)

    words = [constant_text.integer_word(str(n)) for n in range(257, 10**5, 37)]
    sizes = [quarters(word) for word in words if word[0] == '~']
    self.assertEqual(sizes, sorted(sizes))

  def test_number_of_words_is_bounded(self):
    numbers = range(10**6, 2 * 10**6, 997)
    words = {constant_text.integer_word(str(n)) for n in numbers}
    self.assertLess(len(words), 10)

  def test_length_does_not_matter(self):
    # Python itself refuses to convert more than 4,300 digits.
    word = constant_text.integer_word('9' * 100_000)
    self.assertStartsWith(word, '~2^332')


class FloatWordTest(parameterized.TestCase):

  @parameterized.parameters(
      ('0.000000e+00', '0.0'),
      ('-0.000000e+00', '-0.0'),
      ('1.000000e+00', '1.0'),
      ('5.000000e-01', '0.5'),
      ('-2.500000e+00', '-2.5'),
      ('6.250000e-02', '0.0625'),
      ('1.024000e+03', 'f2^10'),
      ('1.000000e-05', '1e-5'),
      ('1.000000e+09', '1e9'),
      ('0x3FB99999A0000000', '1e-1'),  # 0.1 as a float
      ('0x3FB999999999999A', '1e-1'),  # 0.1 as a double
      ('0x7FF0000000000000', 'inf'),
      ('0xFFF0000000000000', '-inf'),
      ('0x7FF8000000000000', 'nan'),
      ('0xH3C00', '1.0'),
      ('0xR3F80', '1.0'),
      ('0xK3FFF8000000000000000', '1.0'),
      ('0xL00000000000000003FFF000000000000', '1.0'),
      ('0xM3FF00000000000000000000000000000', '1.0'),
      ('3.141593e+00', 'f~2^1.2'),
      ('-1.234500e+06', '-f~2^20.0'),
  )
  def test_words(self, text, word):
    self.assertEqual(constant_text.float_word(text), word)

  def test_every_format_of_one_value_is_one_word(self):
    words = {
        constant_text.float_word(text)
        for text in ('4.000000e+00', '0x4010000000000000', '0xH4400', '0xR4080',
                     '0xK40018000000000000000')  # fmt: skip
    }
    self.assertEqual(words, {'4.0'})

  def test_relative_error_of_words_is_below_a_quarter(self):
    for k in range(1, 500):
      value = math.exp(k / 20) + 256
      word = constant_text.float_word(f'{value:.6e}')
      if word.startswith('f~2^'):
        exponent, quarter = word[4:].split('.')
        low = 2.0 ** int(exponent) * (1 + int(quarter) / 4)
        self.assertBetween(value / low, 1 - 1e-6, 1.25 + 1e-6)

  @parameterized.parameters('0x' + 'F' * 5000, '1' + '0' * 500 + '.0', '0xK',
                            '1.0e999999', '0xL12', '1.0e-999999')  # fmt: skip
  def test_odd_literals_have_a_word(self, text):
    self.assertNotEmpty(constant_text.float_word(text))


if __name__ == '__main__':
  absltest.main()
