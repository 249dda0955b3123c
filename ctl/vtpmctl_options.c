/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_options.h"

#include <string.h>

#include "names.h"
#include "options.h"

#define QUOTED_SIZE 40

struct target
{
  enum vtpm_program_action action; /* first, for VTPM_OPTIONS_HELP_AND_VERSION */
  struct vtpmctl_options *options;
};

static int
set_json (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  ((struct target *) target)->options->json = true;
  return 0;
}

static const struct vtpm_option table[] = {
  { "json", NULL, "print JSON instead of a table", set_json },
  VTPM_OPTIONS_HELP_AND_VERSION,
};

#define TABLE_SIZE (sizeof (table) / sizeof (table[0]))

static const struct
{
  const char *name;
  bool takes_id;
  vtpmctl_command run;
} commands[] = {
  { "list", false, vtpmctl_list },
  { "inspect", true, vtpmctl_inspect },
  { "stop", true, vtpmctl_stop },
};

#define COMMAND_COUNT (sizeof (commands) / sizeof (commands[0]))

static int
find_command (const char *name, size_t *index, struct vtpm_error **error)
{
  char quoted[QUOTED_SIZE];

  for (*index = 0; *index < COMMAND_COUNT; (*index)++)
    if (strcmp (commands[*index].name, name) == 0)
      return 0;
  return vtpm_error_set (error, 0, "unknown command \"%s\"",
                         vtpm_name_quote (name, quoted, sizeof (quoted)));
}

/* Options from ARGV[*POSITION - 1] on, which getopt takes for the program's
   name.  */
static int
take_options (int argc, char **argv, int *position, struct target *target,
              struct vtpm_error **error)
{
  int first = *position - 1;
  int taken = 1;

  if (vtpm_options_parse (argc - first, argv + first, table, TABLE_SIZE, target, &taken, error) < 0)
    return -1;
  *position = first + taken;
  return 0;
}

int
vtpmctl_options_parse (int argc, char **argv, enum vtpm_program_action *action,
                       vtpmctl_command *command, struct vtpmctl_options *options,
                       struct vtpm_error **error)
{
  struct target target = { VTPM_PROGRAM_RUN, options };
  int position = 1;
  size_t index;

  *options = (struct vtpmctl_options) { 0 };
  if (take_options (argc, argv, &position, &target, error) < 0)
    return -1;
  *action = target.action;
  if (*action != VTPM_PROGRAM_RUN)
    return 0;
  if (position >= argc)
    return vtpm_error_set (error, 0, "a command is missing");
  if (find_command (argv[position++], &index, error) < 0
      || take_options (argc, argv, &position, &target, error) < 0)
    return -1;
  *action = target.action;
  if (*action != VTPM_PROGRAM_RUN)
    return 0;
  if (commands[index].takes_id && position >= argc)
    return vtpm_error_set (error, 0, "%s: a container's id is missing", commands[index].name);
  if (commands[index].takes_id)
    options->id = argv[position++];
  if (position < argc)
    return vtpm_options_unexpected (argv[position], error);
  *command = commands[index].run;
  return 0;
}

void
vtpmctl_options_print_help (FILE *stream)
{
  fputs ("Usage: vtpmctl [OPTION]... COMMAND [ID]\n"
         "Shows and ends the TPMs of this host's containers.\n\n"
         "  list          every container's vTPM, one a line\n"
         "  inspect ID    all about one, as JSON\n"
         "  stop ID       end one: the container's device goes away\n\n"
         "ID is a container's id, or enough of its beginning to be unique.\n\n",
         stream);
  vtpm_options_print (stream, table, TABLE_SIZE);
}
