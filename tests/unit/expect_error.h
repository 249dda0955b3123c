/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_EXPECT_ERROR_H
#define OCI_VTPM_EXPECT_ERROR_H

#include <criterion/criterion.h>
#include <string.h>

#include "error.h"

/* Evaluates CALL, which fills `&error`, and expects it to fail with an error
   that has the errno value ERRNUM and contains TEXT.  */
#define expect_error(call, errnum, text)                                                           \
  do                                                                                               \
    {                                                                                              \
      _cleanup_error_ struct vtpm_error *error = NULL;                                             \
      cr_expect_eq ((call), -1, "%s did not fail", #call);                                         \
      cr_assert_not_null (error, "%s set no error", #call);                                        \
      cr_expect_eq (vtpm_error_errnum (error), (errnum), "%s: errno value %d: %s", #call,          \
                    vtpm_error_errnum (error), vtpm_error_message (error));                        \
      cr_expect_not_null (strstr (vtpm_error_message (error), (text)),                             \
                          "%s: \"%s\" without \"%s\"", #call, vtpm_error_message (error), (text)); \
    }                                                                                              \
  while (0)

/* Evaluates CALL, which fills `&error`, and ends the test unless it returns 0.  */
#define assert_success(call)                                                                       \
  do                                                                                               \
    {                                                                                              \
      _cleanup_error_ struct vtpm_error *error = NULL;                                             \
      cr_assert_eq ((call), 0, "%s: %s", #call,                                                    \
                    error != NULL ? vtpm_error_message (error) : "no error");                      \
      cr_expect_null (error, "%s succeeded and set an error", #call);                              \
    }                                                                                              \
  while (0)

#endif
