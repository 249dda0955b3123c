/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "hook_options.h"

#include "expect_error.h"

static int
parse (const char *word, enum vtpm_hook_action *action, struct vtpm_error **error)
{
  char *const argv[] = { (char *) "oci-vtpm-hook", (char *) word, NULL };

  return vtpm_hook_options_parse (2, argv, action, error);
}

Test (hook_options, knows_the_hooks)
{
  static const struct
  {
    const char *word;
    enum vtpm_hook_action action;
  } cases[] = {
    { "prestart", VTPM_HOOK_START },    { "createRuntime", VTPM_HOOK_START },
    { "poststop", VTPM_HOOK_STOP },     { "--help", VTPM_HOOK_HELP },
    { "--version", VTPM_HOOK_VERSION },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      enum vtpm_hook_action action
          = cases[i].action == VTPM_HOOK_STOP ? VTPM_HOOK_START : VTPM_HOOK_STOP;

      assert_success (parse (cases[i].word, &action, &error));
      cr_expect_eq (action, cases[i].action, "%s", cases[i].word);
      cr_expect_not_null (strstr (vtpm_hook_usage, cases[i].word), "%s", cases[i].word);
    }
}

Test (hook_options, refuses_other_words)
{
  static const char *const words[]
      = { "",          "poststart", "createContainer", "startContainer", "Prestart",
          "prestart ", "-h",        "--helpme",        "createruntime" };
  enum vtpm_hook_action action;

  for (size_t i = 0; i < sizeof (words) / sizeof (words[0]); i++)
    expect_error (parse (words[i], &action, &error), EINVAL,
                  "\" is not prestart, createRuntime or poststop");
  expect_error (parse ("\x1b[0m\n", &action, &error), EINVAL, "\"?[0m?\" is not");
}

Test (hook_options, takes_exactly_one_word)
{
  char *const argv[] = { (char *) "oci-vtpm-hook", (char *) "prestart", (char *) "prestart", NULL };
  enum vtpm_hook_action action;

  expect_error (vtpm_hook_options_parse (3, argv, &action, &error), EINVAL, "2 arguments");
  expect_error (vtpm_hook_options_parse (1, argv, &action, &error), EINVAL, "0 arguments");
  expect_error (vtpm_hook_options_parse (0, argv + 3, &action, &error), EINVAL, "0 arguments");
}
