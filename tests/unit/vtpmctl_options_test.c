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
  static char *argv[16];
  char *rest = NULL;
  int argc = 1;

  argv[0] = (char *) "vtpmctl";
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
    const char *arguments[4];
  } cases[] = {
    { "list", vtpmctl_list, false, { NULL } },
    { "list --json", vtpmctl_list, true, { NULL } },
    { "--json list", vtpmctl_list, true, { NULL } },
    { "-- list", vtpmctl_list, false, { NULL } },
    { "inspect c1", vtpmctl_inspect, false, { "c1" } },
    { "inspect --json c1", vtpmctl_inspect, true, { "c1" } },
    { "--json stop c1", vtpmctl_stop, true, { "c1" } },
    { "stop c1 --json", vtpmctl_stop, true, { "c1" } },
    { "stop -- -c1", vtpmctl_stop, false, { "-c1" } },
    { "stop list", vtpmctl_stop, false, { "list" } },
    { "resume c1", vtpmctl_resume, false, { "c1" } },
    { "rm web", vtpmctl_rm, false, { "web" } },
    { "rm web --json ns/db -- --json", vtpmctl_rm, true, { "web", "ns/db", "--json" } },
    { "prune", vtpmctl_prune, false, { NULL } },
    { "export web file", vtpmctl_export, false, { "web", "file" } },
    { "import web file", vtpmctl_import, false, { "web", "file" } },
    { "rekey", vtpmctl_rekey, false, { NULL } },
    { "ek c1 --json", vtpmctl_ek, true, { "c1" } },
    { "ca init", vtpmctl_ca_init, false, { NULL } },
    { "--json ca show", vtpmctl_ca_show, true, { NULL } },
    { "ca list --json", vtpmctl_ca_list, true, { NULL } },
    { "ca revoke 40ab", vtpmctl_ca_revoke, false, { "40ab" } },
    { "ca crl", vtpmctl_ca_crl, false, { NULL } },
    { "ca renew", vtpmctl_ca_renew, false, { NULL } },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct parsed parsed;
      size_t count;

      assert_success (parse (cases[i].line, &parsed, &error));
      cr_expect_eq (parsed.action, VTPM_PROGRAM_RUN, "%s", cases[i].line);
      cr_expect_eq (parsed.command, cases[i].command, "%s", cases[i].line);
      cr_expect_eq (parsed.options.json, cases[i].json, "%s", cases[i].line);
      for (count = 0; cases[i].arguments[count] != NULL; count++)
        ;
      cr_assert_eq (parsed.options.argument_count, count, "%s", cases[i].line);
      for (size_t a = 0; a < count; a++)
        cr_expect_str_eq (parsed.options.arguments[a], cases[i].arguments[a], "%s", cases[i].line);
    }
}

static void
expect_string (const char *got, const char *wanted, const char *line)
{
  cr_assert_eq (got == NULL, wanted == NULL, "%s", line);
  if (got != NULL)
    cr_expect_str_eq (got, wanted, "%s", line);
}

Test (vtpmctl_options, takes_a_commands_own_options)
{
  static const struct
  {
    const char *line;
    bool dry_run;
    int days;
    enum vtpmctl_format format;
    const char *key_file, *password_file;
  } cases[] = {
    { "prune", false, VTPMCTL_DAYS_UNSET, VTPMCTL_FORMAT_UNSET, NULL, NULL },
    { "prune --dry-run", true, VTPMCTL_DAYS_UNSET, VTPMCTL_FORMAT_UNSET, NULL, NULL },
    { "prune --older-than 0", false, 0, VTPMCTL_FORMAT_UNSET, NULL, NULL },
    { "prune --older-than 3650 --dry-run", true, 3650, VTPMCTL_FORMAT_UNSET, NULL, NULL },
    { "prune --older-than=0007", false, 7, VTPMCTL_FORMAT_UNSET, NULL, NULL },
    { "export web dir --format swtpm", false, VTPMCTL_DAYS_UNSET, VTPMCTL_FORMAT_SWTPM, NULL,
      NULL },
    { "export --format native web file --key-file k", false, VTPMCTL_DAYS_UNSET,
      VTPMCTL_FORMAT_NATIVE, "k", NULL },
    { "import web --password-file p dir", false, VTPMCTL_DAYS_UNSET, VTPMCTL_FORMAT_UNSET, NULL,
      "p" },
    { "export web dir --password-file=p", false, VTPMCTL_DAYS_UNSET, VTPMCTL_FORMAT_UNSET, NULL,
      "p" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct parsed parsed;

      assert_success (parse (cases[i].line, &parsed, &error));
      cr_expect_eq (parsed.options.dry_run, cases[i].dry_run, "%s", cases[i].line);
      cr_expect_eq (parsed.options.days, cases[i].days, "%s", cases[i].line);
      cr_expect_eq (parsed.options.format, cases[i].format, "%s", cases[i].line);
      expect_string (parsed.options.key_file, cases[i].key_file, cases[i].line);
      expect_string (parsed.options.password_file, cases[i].password_file, cases[i].line);
    }
}

Test (vtpmctl_options, shows_help_and_version)
{
  static const char *const help[]
      = { "--help",      "--json --help",        "list --help", "stop --help c1",
          "inspect --help", "stop c1 c2 --help", "prune --help" };
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
    { "inspect --json", "inspect: a container's id or an instance is missing" },
    { "list c1", "unexpected argument \"c1\"" },
    { "stop c1 c2", "unexpected argument \"c2\"" },
    { "resume", "resume: a container's id is missing" },
    { "inspect", "inspect: a container's id or an instance is missing" },
    { "rm", "rm: an instance is missing" },
    { "export web", "export: an instance or a path is missing" },
    { "import a b c", "unexpected argument \"c\"" },
    { "prune web", "unexpected argument \"web\"" },
    { "rekey now", "unexpected argument \"now\"" },
    { "ek", "ek: a container's id is missing" },
    { "ca", "ca: the second half of the command is missing" },
    { "ca nit", "unknown command \"ca nit\"" },
    { "ca --json init", "unknown command \"ca --json\"" },
    { "c init", "unknown command \"c\"" },
    { "init", "unknown command \"init\"" },
    { "ca revoke", "ca revoke: a serial number or an instance's uuid is missing" },
    { "ca show x", "unexpected argument \"x\"" },
    { "ca init --key-type rsa2048", "\"rsa2048\" is not ecc-p384 or rsa3072" },
    { "prune --older-than", "the option --older-than needs a value" },
    { "prune --older-than -1", "--older-than: \"-1\" is not a number of days from 0 to 3650" },
    { "prune --older-than 3651", "\"3651\" is not a number of days" },
    { "prune --older-than 99999999999999999999", "is not a number of days" },
    { "prune --older-than 7d", "\"7d\" is not a number of days" },
    { "prune --older-than=", "\"\" is not a number of days" },
    { "--dry-run prune", "unknown option --dry-run" },
    { "list --dry-run", "unknown option --dry-run" },
    { "rm web --key-file k", "unknown option --key-file" },
    { "export a b --format tar", "--format: \"tar\" is not native or swtpm" },
    { "export a b --format=", "--format: \"\" is not native or swtpm" },
    { "import a b --key-file k --password-file p", "--password-file: one key or one password" },
    { "import a b --key-file k --key-file k", "--key-file: one key or one password" },
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
      = { "list",
          "inspect ID|INSTANCE",
          "stop ID",
          "resume ID",
          "rm INSTANCE...",
          "prune",
          "export INSTANCE PATH",
          "import INSTANCE PATH",
          "rekey",
          "--older-than DAYS",
          "--dry-run",
          "--format FORMAT",
          "--key-file FILE",
          "--password-file FILE",
          "can be imported on this host only",
          "--json",
          "--help",
          "--version" };
  _cleanup_free_ char *text = NULL;
  size_t size;
  FILE *stream = open_memstream (&text, &size);

  vtpmctl_options_print_help (stream);
  fclose (stream);
  for (size_t i = 0; i < sizeof (words) / sizeof (words[0]); i++)
    cr_expect_not_null (strstr (text, words[i]), "%s is missing", words[i]);
}
