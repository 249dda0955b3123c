/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "binding.h"

#include "expect_error.h"

static const struct vtpm_certificate_binding somebody = {
  .uuid = "11f0", .container = "c1", .namespace = "default", .pod = "web-0",
};

static void
expect_text (const char *template, const char *expected)
{
  _cleanup_free_ char *text = NULL;

  assert_success (vtpm_binding_check (template, &error));
  assert_success (vtpm_binding_expand (template, &somebody, &text, &error));
  cr_expect_str_eq (text, expected);
}

Test (binding, names_whom_a_tpm_is_for)
{
  expect_text ("{namespace}/{pod}", "default/web-0");
  expect_text ("{uuid}", "11f0");
  expect_text ("urn:x:{container}:y", "urn:x:c1:y");
  expect_text ("nobody in particular", "nobody in particular");
  expect_text ("", "");
}

Test (binding, refuses_other_names)
{
  static const char *const wrong[] = { "{", "}", "{}", "{pod", "pod}", "{{pod}}", "{Pod}", "{pod }" };

  for (size_t i = 0; i < sizeof (wrong) / sizeof (wrong[0]); i++)
    {
      char *text = NULL;

      expect_error (vtpm_binding_check (wrong[i], &error), EINVAL, "braces are for {uuid}");
      expect_error (vtpm_binding_expand (wrong[i], &somebody, &text, &error), EINVAL,
                    "braces are for {uuid}");
      cr_expect_null (text);
    }
}

Test (binding, names_nobody_by_halves)
{
  const struct vtpm_certificate_binding empty = { .pod = "" };
  char *text = NULL;

  expect_error (vtpm_binding_expand ("{pod}@{host}", &somebody, &text, &error), ENOENT,
                "\"{pod}@{host}\": this TPM has no {host}");
  expect_error (vtpm_binding_expand ("{pod}", &empty, &text, &error), ENOENT, "has no {pod}");
}
