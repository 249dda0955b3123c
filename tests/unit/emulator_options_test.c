/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "emulator_options.h"

#include <criterion/criterion.h>
#include <string.h>

#define ARGUMENTS_MAX 8

/* Parses the words of LINE after the program's name.  */
static int
parse (const char *line, struct vtpm_emulator_options *options, struct vtpm_error **error)
{
  static char words[256];
  char *argv[ARGUMENTS_MAX + 1] = { (char *) "vtpm-emulator" };
  char *rest = NULL;
  int argc = 1;

  snprintf (words, sizeof (words), "%s", line);
  for (char *word = strtok_r (words, " ", &rest); word != NULL; word = strtok_r (NULL, " ", &rest))
    argv[argc++] = word;
  argv[argc] = NULL;
  return vtpm_emulator_options_parse (argc, argv, options, error);
}

static struct vtpm_emulator_options
parse_well (const char *line)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_emulator_options options;

  cr_assert_eq (parse (line, &options, &error), 0, "%s: %s", line,
                error != NULL ? vtpm_error_message (error) : "no error");
  return options;
}

Test (emulator_options, has_defaults)
{
  struct vtpm_emulator_options options = parse_well ("");

  cr_assert_eq (options.action, VTPM_PROGRAM_RUN);
  cr_assert_eq (options.tpm_version, VTPM_TPM_2_0);
  cr_assert_eq (options.log_level, VTPM_LOG_INFO);
  cr_assert_not (options.persistent);
  cr_assert_not (options.failure_mode);
  cr_assert_eq (options.refuse, 0);
}

Test (emulator_options, takes_values)
{
  struct vtpm_emulator_options options = parse_well ("--tpm-version 1.2 --log-level=debug");

  cr_assert_eq (options.action, VTPM_PROGRAM_RUN);
  cr_assert_eq (options.tpm_version, VTPM_TPM_1_2);
  cr_assert_eq (options.log_level, VTPM_LOG_DEBUG);
}

Test (emulator_options, takes_orders)
{
  cr_expect (parse_well ("--persistent").persistent);
  cr_expect (parse_well ("--failure-mode").failure_mode);
  cr_expect_eq (parse_well ("--refuse 18446744073709551615").refuse, UINT64_MAX);
}

Test (emulator_options, parses_more_than_once)
{
  parse_well ("--tpm-version 1.2 --log-level error");
  cr_assert_eq (parse_well ("--log-level warning").tpm_version, VTPM_TPM_2_0);
  cr_assert_eq (parse_well ("--tpm-version 2.0").log_level, VTPM_LOG_INFO);
}

Test (emulator_options, shows_help_and_version)
{
  cr_assert_eq (parse_well ("--help").action, VTPM_PROGRAM_SHOW_HELP);
  cr_assert_eq (parse_well ("--log-level error --version").action, VTPM_PROGRAM_SHOW_VERSION);
}

struct bad_line
{
  const char *line;
  const char *message;
};

Test (emulator_options, says_what_is_wrong)
{
  static const struct bad_line lines[] = {
    { "--tpm-version 3.0", "--tpm-version: \"3.0\" is neither 2.0 nor 1.2" },
    { "--tpm-version=", "--tpm-version: \"\" is neither 2.0 nor 1.2" },
    { "--log-level loud", "--log-level: \"loud\" is not error, warning, info or debug" },
    { "--log-level", "the option --log-level needs a value" },
    { "--state /tmp", "unknown option --state" },
    { "--refuse 0", "--refuse: \"0\" is not the number of a command" },
    { "--refuse -1", "--refuse: \"-1\" is not the number of a command" },
    { "--refuse 1x", "--refuse: \"1x\" is not the number of a command" },
    { "--refuse 18446744073709551616",
      "--refuse: \"18446744073709551616\" is not the number of a command" },
    { "-h", "unknown option -h" },
    { "--help=yes", "unknown option --help=yes" },
    { "tpm0", "unexpected argument \"tpm0\"" },
    { "--log-level error tpm0 --help", "unexpected argument \"tpm0\"" },
    { "-- --help", "unexpected argument \"--help\"" },
  };

  for (size_t i = 0; i < sizeof (lines) / sizeof (lines[0]); i++)
    {
      _cleanup_error_ struct vtpm_error *error = NULL;
      struct vtpm_emulator_options options;

      cr_expect_eq (parse (lines[i].line, &options, &error), -1, "%s", lines[i].line);
      cr_assert_not_null (error, "%s", lines[i].line);
      cr_expect_str_eq (vtpm_error_message (error), lines[i].message);
    }
}

Test (emulator_options, helps_with_every_option)
{
  static const char *const words[] = { "--tpm-version", "--log-level", "--persistent", "--refuse",
                                       "--failure-mode", "--help", "--version" };
  _cleanup_free_ char *text = NULL;
  size_t size;
  FILE *stream = open_memstream (&text, &size);

  vtpm_emulator_options_print_help (stream);
  fclose (stream);
  for (size_t i = 0; i < sizeof (words) / sizeof (words[0]); i++)
    cr_expect_not_null (strstr (text, words[i]), "%s is missing", words[i]);
}
