/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "error.h"

#include <criterion/criterion.h>
#include <string.h>

Test (error, appends_the_text_of_errno)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  cr_assert_eq (vtpm_error_set (&error, ENOENT, "cannot open %s", "/x"), -1);
  cr_expect_eq (vtpm_error_errnum (error), ENOENT);
  cr_expect_str_eq (vtpm_error_message (error), "cannot open /x: No such file or directory");
}

Test (error, appends_nothing_without_errno)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  cr_assert_eq (vtpm_error_set (&error, 0, "%d of %d", 1, 2), -1);
  cr_expect_eq (vtpm_error_errnum (error), 0);
  cr_expect_str_eq (vtpm_error_message (error), "1 of 2");
}

Test (error, carries_errno_without_its_text)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  cr_assert_eq (vtpm_error_set_plain (&error, EBUSY, "%s is in use", "it"), -1);
  cr_expect_eq (vtpm_error_errnum (error), EBUSY);
  cr_expect_str_eq (vtpm_error_message (error), "it is in use");
  cr_expect_eq (vtpm_error_set_plain (NULL, EBUSY, "nobody wants to know"), -1);
}

Test (error, can_be_unwanted)
{
  cr_expect_eq (vtpm_error_set (NULL, EIO, "nobody wants to know"), -1);
  cr_expect_eq (vtpm_error_wrap (NULL, "nobody"), -1);
  vtpm_error_free (NULL);
}

Test (error, wraps_from_the_outside)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  vtpm_error_set (&error, EACCES, "inner");
  cr_expect_eq (vtpm_error_wrap (&error, "middle %d", 1), -1);
  cr_expect_eq (vtpm_error_wrap (&error, "%s", "outer"), -1);
  cr_expect_str_eq (vtpm_error_message (error), "outer: middle 1: inner: Permission denied");
  cr_expect_eq (vtpm_error_errnum (error), EACCES);
}

Test (error, wraps_nothing_when_none_is_set)
{
  struct vtpm_error *error = NULL;

  cr_expect_eq (vtpm_error_wrap (&error, "context"), -1);
  cr_expect_null (error);
}

/* A message may be the next one's argument.  */
Test (error, survives_its_own_message_as_an_argument)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  vtpm_error_set (&error, 0, "one");
  vtpm_error_wrap (&error, "%s", vtpm_error_message (error));
  cr_expect_str_eq (vtpm_error_message (error), "one: one");
}

Test (error, takes_no_format_from_arguments)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  vtpm_error_set (&error, 0, "%s", "%n%s");
  vtpm_error_wrap (&error, "%s", "%d");
  cr_expect_str_eq (vtpm_error_message (error), "%d: %n%s");
}

Test (error, keeps_long_messages_whole)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  static char text[100000];

  memset (text, 'x', sizeof (text) - 1);
  vtpm_error_set (&error, 0, "%s", text);
  cr_expect_eq (strlen (vtpm_error_message (error)), sizeof (text) - 1);
}

Test (error, is_passed_on_whole)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_error *inner = NULL;

  vtpm_error_set (&inner, EBUSY, "inner");
  cr_expect_eq (vtpm_error_pass (&error, &inner), -1);
  cr_expect_null (inner);
  cr_expect_eq (vtpm_error_errnum (error), EBUSY);
}

Test (error, is_freed_when_it_is_passed_on_to_nobody)
{
  struct vtpm_error *inner = NULL;

  vtpm_error_set (&inner, EBUSY, "inner");
  cr_expect_eq (vtpm_error_pass (NULL, &inner), -1);
  cr_expect_null (inner);
}
