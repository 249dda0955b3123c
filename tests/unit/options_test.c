/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "options.h"

#include "expect_error.h"

struct values
{
  const char *name;
  int flags;
};

static int
set_name (void *target, const char *value, struct vtpm_error **error)
{
  if (strcmp (value, "bad") == 0)
    return vtpm_error_set (error, 0, "a bad name");
  ((struct values *) target)->name = value;
  return 0;
}

static int
set_flag (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  cr_expect_null (value);
  ((struct values *) target)->flags++;
  return 0;
}

static const struct vtpm_option table[] = {
  { "name", "NAME", "what it is called", set_name },
  { "flag", NULL, "a flag", set_flag },
  { "a-very-long-option-name", "WITH-A-VALUE", "too long for its column", set_name },
};

/* Splits LINE at its blanks, after the program's name.  */
static int
parse (const char *line, struct values *values, int *first_argument, struct vtpm_error **error)
{
  static char words[256];
  char *argv[16] = { (char *) "program" };
  char *rest = NULL;
  int argc = 1;

  *values = (struct values){ 0 };
  snprintf (words, sizeof (words), "%s", line);
  for (char *word = strtok_r (words, " ", &rest); word != NULL; word = strtok_r (NULL, " ", &rest))
    argv[argc++] = word;
  return vtpm_options_parse (argc, argv, table, 3, values, first_argument, error);
}

Test (options, takes_values)
{
  static const struct
  {
    const char *line;
    const char *name;
    int flags;
    int first_argument;
  } cases[] = {
    { "", NULL, 0, 1 },
    { "--name x", "x", 0, 3 },
    { "--name=x", "x", 0, 2 },
    { "--name=", "", 0, 2 },
    { "--name --flag", "--flag", 0, 3 },
    { "--flag --name x --flag", "x", 2, 5 },
    { "--name x --name y", "y", 0, 5 },
    { "--flag word --name x", NULL, 1, 2 },
    { "-- --flag", NULL, 0, 2 },
    { "- --flag", NULL, 0, 1 },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct values values;
      int first_argument = -1;

      assert_success (parse (cases[i].line, &values, &first_argument, &error));
      cr_expect_eq (values.flags, cases[i].flags, "%s", cases[i].line);
      cr_expect_eq (first_argument, cases[i].first_argument, "%s: %d", cases[i].line,
                    first_argument);
      cr_expect_eq (values.name == NULL, cases[i].name == NULL, "%s", cases[i].line);
      if (values.name != NULL && cases[i].name != NULL)
        cr_expect_str_eq (values.name, cases[i].name);
    }
}

Test (options, may_stand_anywhere)
{
  char line[] = "program a --flag b --name x - -- c --flag";
  char *argv[16] = { NULL };
  char *rest = NULL;
  int argc = 0, first;
  struct values values = { 0 };
  static const char *const left[] = { "a", "b", "-", "c", "--flag" };

  for (char *word = strtok_r (line, " ", &rest); word != NULL; word = strtok_r (NULL, " ", &rest))
    argv[argc++] = word;
  assert_success (vtpm_options_parse_anywhere (argc, argv, table, 3, &values, &first, &error));
  cr_expect_eq (values.flags, 1);
  cr_expect_str_eq (values.name, "x");
  cr_assert_eq (argc - first, 5);
  for (int i = 0; i < 5; i++)
    cr_expect_str_eq (argv[first + i], left[i]);
}

Test (options, says_what_is_wrong)
{
  static const struct
  {
    const char *line;
    const char *message;
  } cases[] = {
    { "--other", "unknown option --other" },
    { "--flag --other=3 x", "unknown option --other=3" },
    { "--flag=yes", "unknown option --flag=yes" },
    { "--name", "the option --name needs a value" },
    { "--flag --name", "the option --name needs a value" },
    { "--name bad", "--name: a bad name" },
    { "-x", "unknown option -x" },
    { "-xyz", "unknown option -x" },
    { "--flag -xyz", "unknown option -x" },
    { "--\x1b[0m", "unknown option --?[0m" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct values values;
      int first_argument = -1;

      expect_error (parse (cases[i].line, &values, &first_argument, &error), 0, cases[i].message);
      cr_expect_eq (first_argument, -1, "%s", cases[i].line);
    }
}

/* getopt_long(3) remembers; each parse starts afresh, even after one that
   ended inside a word.  */
Test (options, parses_again_after_a_failure)
{
  struct values values;
  int first_argument;

  expect_error (parse ("-xyz", &values, &first_argument, &error), 0, "unknown option");
  assert_success (parse ("--name x", &values, &first_argument, &error));
  cr_expect_str_eq (values.name, "x");
  cr_expect_eq (first_argument, 3);
}

Test (options, survives_a_missing_program_name)
{
  char *argv[] = { NULL };
  struct values values = { 0 };
  int first_argument;

  assert_success (vtpm_options_parse (0, argv, table, 3, &values, &first_argument, &error));
  cr_expect_geq (first_argument, 0);
}

Test (options, refuses_a_table_that_is_too_large)
{
  static const struct vtpm_option large[VTPM_OPTIONS_MAX + 1];
  char *argv[] = { (char *) "program", NULL };
  int first_argument;

  expect_error (
      vtpm_options_parse (1, argv, large, VTPM_OPTIONS_MAX + 1, NULL, &first_argument, &error),
      E2BIG, "a table of 25 options");
}

Test (options, prints_its_table)
{
  _cleanup_free_ char *text = NULL;
  size_t size;
  FILE *stream = open_memstream (&text, &size);

  vtpm_options_print (stream, table, 3);
  fclose (stream);
  cr_expect_str_eq (text, "  --name NAME             what it is called\n"
                          "  --flag                  a flag\n"
                          "  --a-very-long-option-name WITH-A-VALUE too long for its column\n");
}

Test (options, refuses_an_unexpected_word)
{
  expect_error (vtpm_options_unexpected ("word\n", &error), 0, "unexpected argument \"word?\"");
}
