/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ledger.h"

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (fault_ledger, .init = make_temp_dir, .fini = remove_temp_dir);

static void
expect_number (const struct ledger *ledger, const char *label, uint64_t expected)
{
  uint64_t number = 0;

  cr_assert (ledger_find (ledger, label, &number), "%s", label);
  cr_expect_eq (number, expected, "%s", label);
}

Test (fault_ledger, begins_empty)
{
  _cleanup_ledger_ struct ledger *ledger = NULL;
  uint64_t number;

  assert_success (ledger_open (temp_path ("ledger"), &ledger, &error));
  cr_expect_not (ledger_find (ledger, "nv", &number));
}

Test (fault_ledger, last_line_of_a_label_counts)
{
  _cleanup_ledger_ struct ledger *ledger = NULL;

  write_temp_file ("ledger", "a 1\nb 5\na 2\n", 12);
  assert_success (ledger_open (temp_path ("ledger"), &ledger, &error));
  expect_number (ledger, "a", 2);
  expect_number (ledger, "b", 5);
}

Test (fault_ledger, records_for_the_next)
{
  const char *path = temp_path ("ledger");
  _cleanup_ledger_ struct ledger *first = NULL, *second = NULL;

  assert_success (ledger_open (path, &first, &error));
  assert_success (ledger_record (first, "nv-write", 1, &error));
  assert_success (ledger_record (first, "nv-write", UINT64_MAX, &error));
  expect_number (first, "nv-write", UINT64_MAX);
  assert_success (ledger_open (path, &second, &error));
  expect_number (second, "nv-write", UINT64_MAX);
}

Test (fault_ledger, refuses_what_it_does_not_understand)
{
  static const char *const contents[] = { "a\n", "a b\n", "a 1 2\n", "a 1", "\n" };

  for (size_t i = 0; i < sizeof (contents) / sizeof (contents[0]); i++)
    {
      struct ledger *ledger = NULL;

      write_temp_file ("ledger", contents[i], strlen (contents[i]));
      expect_error (ledger_open (temp_path ("ledger"), &ledger, &error), EPROTO,
                    "is no line of a ledger");
    }
}

Test (fault_ledger, refuses_what_it_cannot_open)
{
  struct ledger *ledger = NULL;

  expect_error (ledger_open (temp_path ("missing/ledger"), &ledger, &error), ENOENT, "cannot open");
  expect_error (ledger_open (temp_dir, &ledger, &error), EIO, "cannot read");
}

Test (fault_ledger, refuses_too_many_labels)
{
  _cleanup_ledger_ struct ledger *ledger = NULL;
  char label[8];

  assert_success (ledger_open (temp_path ("ledger"), &ledger, &error));
  for (int i = 0; i < 16; i++)
    {
      snprintf (label, sizeof (label), "l%d", i);
      assert_success (ledger_record (ledger, label, 1, &error));
    }
  expect_error (ledger_record (ledger, "one-more", 1, &error), ENOSPC, "more than 16 labels");
}
