"""Tests of the licence detector."""

from absl.testing import absltest, parameterized

from datasets.source_packages import licences

_MIT = """/*
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software, to deal in the Software without restriction.
 */"""
_BSD3 = """// Redistributions of source code must retain the above
// copyright notice. Neither the name of the author nor of its contributors."""
_GPL = """/* This program is free software; you can redistribute it under the
 * terms of the GNU General
 * Public License as published by the Free Software Foundation. */"""


class DetectTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('spdx', '// SPDX-License-Identifier: Apache-2.0\n', 'Apache-2.0'),
      (
          'spdx_expression',
          '/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */',
          '(MIT OR GPL-2.0-only)',
      ),
      ('spdx_before_text', f'# SPDX-License-Identifier: ISC\n{_GPL}', 'ISC'),
      ('mit_over_lines', _MIT, 'MIT'),
      ('bsd3', _BSD3, 'BSD-3-Clause'),
      (
          'bsd2',
          '/* Redistributions of source code must retain it. License. */',
          'BSD-2-Clause',
      ),
      ('gpl_over_lines', _GPL, 'GPL'),
      (
          'lgpl',
          '! under the GNU Lesser General Public License, version 3\n',
          'LGPL',
      ),
      ('lgpl_short', 'c LGPL v2.1', 'LGPL'),
      ('apache', '# under the Apache License, Version 2.0', 'Apache-2.0'),
      ('zlib', '/* For licence see zlib.h for conditions of use */', 'Zlib'),
      (
          'public_domain',
          '/* This code is in the public domain. */',
          'LicenseRef-public-domain',
      ),
      (
          'vendor',
          '// NVIDIA Corporation retains all intellectual property; licence',
          'LicenseRef-proprietary',
      ),
      ('nothing', '#include <stdio.h>\nint main(void) { return 0; }\n', ''),
      ('copyright_only', '/* Copyright (c) 2020 A. N. Author */', ''),
  )
  def test_by_words(self, text, expected):
    self.assertEqual(licences.detect(text), expected)

  def test_more_restrictive_counts_when_both_apply(self):
    self.assertEqual(licences.detect(_MIT + _GPL), 'GPL')

  def test_a_choice_is_an_alternative(self):
    text = f'{_BSD3} Alternatively, under the\n{_GPL} licence.'
    self.assertEqual(licences.detect(text), 'GPL OR BSD-3-Clause')

  def test_skeleton_of_bison_is_an_exception(self):
    text = f'{_GPL} As a special exception, a Bison parser may be licensed so.'
    self.assertEqual(licences.detect(text), 'GPL WITH Bison-exception')

  def test_what_stands_far_below_is_not_its_licence(self):
    self.assertEqual(licences.detect('int x;\n' * 2000 + _GPL), '')


class AllowedTest(parameterized.TestCase):
  _ALLOWED = frozenset({'MIT', 'Apache-2.0', 'GPL WITH Bison-exception'})

  @parameterized.named_parameters(
      ('itself', 'MIT', True),
      ('in_other_capitals', 'apache-2.0', True),
      ('one_of_two', 'GPL OR MIT', True),
      ('both_needed', 'MIT AND GPL-2.0', False),
      ('both_there', '(MIT AND Apache-2.0)', True),
      ('exception_of_an_allowed_one', 'Apache-2.0 WITH LLVM-exception', True),
      ('an_allowed_exception', 'GPL WITH Bison-exception', True),
      ('another_exception', 'GPL WITH Classpath-exception', False),
      ('unknown', '', False),
      ('mixed', 'LicenseRef-mixed', False),
  )
  def test_expression(self, expression, expected):
    self.assertEqual(licences.is_allowed(expression, self._ALLOWED), expected)


if __name__ == '__main__':
  absltest.main()
