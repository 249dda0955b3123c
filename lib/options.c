/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "options.h"

#include <getopt.h>

#include "names.h"

/* Where the explanations begin in the help text.  */
#define HELP_COLUMN 26

/* In LETTERS ':' tells a missing value apart and keeps getopt from printing; '+'
   keeps it from reordering ARGV.  */
static int
parse (int argc, char **argv, const char *letters, const struct vtpm_option *table, size_t count,
       void *target, int *first_argument, struct vtpm_error **error)
{
  struct option long_options[VTPM_OPTIONS_MAX + 1] = { 0 };
  char quoted[VTPM_NAME_QUOTED_SIZE];

  if (count > VTPM_OPTIONS_MAX)
    return vtpm_error_set_plain (error, E2BIG, "a table of %zu options", count);
  for (size_t i = 0; i < count; i++)
    long_options[i] = (struct option) {
      .name = table[i].name,
      .has_arg = table[i].value != NULL ? required_argument : no_argument,
    };
  optind = 0; /* not 1: glibc then also forgets where in a word it was */
  for (;;)
    {
      int index = -1;
      int found = getopt_long (argc, argv, letters, long_options, &index);

      if (found == -1)
        break;
      if (found != 0)
        {
          /* Inside a word of several short options OPTIND has not moved on.  */
          const char letter[] = { '-', (char) optopt, '\0' };

          return vtpm_error_set (error, 0, "%s option %s%s", found == ':' ? "the" : "unknown",
                                 vtpm_name_quote (optopt != 0 ? letter : argv[optind - 1], quoted,
                                                  sizeof (quoted)),
                                 found == ':' ? " needs a value" : "");
        }
      if (table[index].set (target, optarg, error) < 0)
        return vtpm_error_wrap (error, "--%s", table[index].name);
    }
  *first_argument = optind;
  return 0;
}

int
vtpm_options_parse (int argc, char **argv, const struct vtpm_option *table, size_t count,
                    void *target, int *first_argument, struct vtpm_error **error)
{
  return parse (argc, argv, "+:", table, count, target, first_argument, error);
}

int
vtpm_options_parse_anywhere (int argc, char **argv, const struct vtpm_option *table, size_t count,
                             void *target, int *first_argument, struct vtpm_error **error)
{
  return parse (argc, argv, ":", table, count, target, first_argument, error);
}

int
vtpm_options_set_help (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  *(enum vtpm_program_action *) target = VTPM_PROGRAM_SHOW_HELP;
  return 0;
}

int
vtpm_options_set_version (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  *(enum vtpm_program_action *) target = VTPM_PROGRAM_SHOW_VERSION;
  return 0;
}

void
vtpm_options_print (FILE *stream, const struct vtpm_option *table, size_t count)
{
  for (size_t i = 0; i < count; i++)
    {
      const char *value = table[i].value;
      int used = fprintf (stream, "  --%s%s%s", table[i].name, value != NULL ? " " : "",
                          value != NULL ? value : "");

      fprintf (stream, "%*s%s\n", HELP_COLUMN > used ? HELP_COLUMN - used : 1, "", table[i].help);
    }
}

int
vtpm_options_unexpected (const char *argument, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  return vtpm_error_set (error, 0, "unexpected argument \"%s\"",
                         vtpm_name_quote (argument, quoted, sizeof (quoted)));
}
