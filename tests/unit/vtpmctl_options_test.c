/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_options.h"

#include "expect_error.h"

struct parsed
{
  enum vtpm_program_action action;
  vtpmctl_command command;
  struct vtpmctl_options options;
};

/* Splits LINE at its blanks, after the program's name.  */
static int
parse (const char *line, struct parsed *parsed, struct vtpm_error **error)
{
  static char words[256];
  char *argv[16] = { (char *) "vtpmctl" };
  char *rest = NULL;
  int argc = 1;

  *parsed = (struct parsed){ 0 };
  snprintf (words, sizeof (words), "%s", line);
  for (char *word = strtok_r (words, " ", &rest); word != NULL; word = strtok_r (NULL, " ", &rest))
    argv[argc++] = word;
  return vtpmctl_options_parse (argc, argv, &parsed->action, &parsed->command, &parsed->options,
                                error);
}

Test (vtpmctl_options, takes_commands)
{
  static const struct
  {
    const char *line;
    vtpmctl_command command;
    bool json;
    const char *id;
  } cases[] = {
    { "list", vtpmctl_list, false, NULL },
    { "list --json", vtpmctl_list, true, NULL },
    { "--json list", vtpmctl_list, true, NULL },
    { "-- list", vtpmctl_list, false, NULL },
    { "inspect c1", vtpmctl_inspect, false, "c1" },
    { "inspect --json c1", vtpmctl_inspect, true, "c1" },
    { "--json stop c1", vtpmctl_stop, true, "c1" },
    { "stop -- -c1", vtpmctl_stop, false, "-c1" },
    { "stop list", vtpmctl_stop, false, "list" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct parsed parsed;

      assert_success (parse (cases[i].line, &parsed, &error));
      cr_expect_eq (parsed.action, VTPM_PROGRAM_RUN, "%s", cases[i].line);
      cr_expect_eq (parsed.command, cases[i].command, "%s", cases[i].line);
      cr_expect_eq (parsed.options.json, cases[i].json, "%s", cases[i].line);
      cr_expect_eq (parsed.options.id == NULL, cases[i].id == NULL, "%s", cases[i].line);
      if (parsed.options.id != NULL && cases[i].id != NULL)
        cr_expect_str_eq (parsed.options.id, cases[i].id);
    }
}

Test (vtpmctl_options, shows_help_and_version)
{
  static const char *const help[]
      = { "--help", "--json --help", "list --help", "stop --help c1", "inspect --help" };
  static const char *const version[] = { "--version", "--version nonsense", "list --version" };

  for (size_t i = 0; i < sizeof (help) / sizeof (help[0]); i++)
    {
      struct parsed parsed;

      assert_success (parse (help[i], &parsed, &error));
      cr_expect_eq (parsed.action, VTPM_PROGRAM_SHOW_HELP, "%s", help[i]);
    }
  for (size_t i = 0; i < sizeof (version) / sizeof (version[0]); i++)
    {
      struct parsed parsed;

      assert_success (parse (version[i], &parsed, &error));
      cr_expect_eq (parsed.action, VTPM_PROGRAM_SHOW_VERSION, "%s", version[i]);
    }
}

Test (vtpmctl_options, says_what_is_wrong)
{
  static const struct
  {
    const char *line;
    const char *message;
  } cases[] = {
    { "", "a command is missing" },
    { "--json", "a command is missing" },
    { "lst", "unknown command \"lst\"" },
    { "List", "unknown command \"List\"" },
    { "li", "unknown command \"li\"" },
    { "stop", "stop: a container's id is missing" },
    { "inspect --json", "inspect: a container's id is missing" },
    { "list c1", "unexpected argument \"c1\"" },
    { "stop c1 c2", "unexpected argument \"c2\"" },
    { "stop c1 --json", "unexpected argument \"--json\"" },
    { "--force list", "unknown option --force" },
    { "list --force", "unknown option --force" },
    { "list -j", "unknown option -j" },
    { "list -jx", "unknown option -j" },
    { "--json=yes list", "unknown option --json=yes" },
    { "\x1b[0m", "unknown command \"?[0m\"" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct parsed parsed;

      expect_error (parse (cases[i].line, &parsed, &error), 0, cases[i].message);
      cr_expect_null (parsed.command, "%s", cases[i].line);
    }
}

Test (vtpmctl_options, survives_a_missing_program_name)
{
  char *argv[] = { NULL };
  struct parsed parsed;

  expect_error (
      vtpmctl_options_parse (0, argv, &parsed.action, &parsed.command, &parsed.options, &error), 0,
      "a command is missing");
}

Test (vtpmctl_options, helps_with_everything)
{
  static const char *const words[]
      = { "list", "inspect ID", "stop ID", "--json", "--help", "--version" };
  _cleanup_free_ char *text = NULL;
  size_t size;
  FILE *stream = open_memstream (&text, &size);

  vtpmctl_options_print_help (stream);
  fclose (stream);
  for (size_t i = 0; i < sizeof (words) / sizeof (words[0]); i++)
    cr_expect_not_null (strstr (text, words[i]), "%s is missing", words[i]);
}
