/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_options.h"

#include <string.h>

#include "names.h"
#include "vtpmctl_commands.h"

static int
refuse (const char *name, const char *rest, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  return vtpm_error_set (error, 0, "unknown command \"%s%s\"",
                         vtpm_name_quote (name, quoted, sizeof (quoted)), rest);
}

/* How many of the COUNT words NAME is, 0 if it is not the first ones.  */
static int
match (const char *name, int count, char *const *words)
{
  size_t length = strcspn (name, " ");

  if (strlen (words[0]) != length || memcmp (words[0], name, length) != 0)
    return 0;
  if (name[length] == '\0')
    return 1;
  return count > 1 && strcmp (words[1], name + length + 1) == 0 ? 2 : 0;
}

/* *WORDS is how many of ARGV it took.  */
static int
find_command (int argc, char *const *argv, const struct vtpmctl_entry **command, int *words,
              struct vtpm_error **error)
{
  size_t length = strlen (argv[0]);
  char second[VTPM_NAME_QUOTED_SIZE], rest[VTPM_NAME_QUOTED_SIZE + 1] = "";

  for (size_t i = 0; i < vtpmctl_command_count; i++)
    {
      *command = &vtpmctl_commands[i];
      *words = match ((*command)->name, argc, argv);
      if (*words > 0)
        return 0;
    }
  for (size_t i = 0; i < vtpmctl_command_count; i++)
    if (strncmp (vtpmctl_commands[i].name, argv[0], length) == 0
        && vtpmctl_commands[i].name[length] == ' ')
      {
        if (argc == 1)
          return vtpm_error_set (error, 0, "%s: the second half of the command is missing", argv[0]);
        snprintf (rest, sizeof (rest), " %s", vtpm_name_quote (argv[1], second, sizeof (second)));
      }
  return refuse (argv[0], rest, error);
}

/* ARGV begins with the command's last word.  */
static int
parse_command (int argc, char **argv, const struct vtpmctl_entry *command,
               struct vtpmctl_target *target, struct vtpm_error **error)
{
  int first;
  size_t count;

  if (vtpm_options_parse_anywhere (argc, argv, command->options, command->option_count, target,
                                   &first, error)
      < 0)
    return -1;
  if (target->action != VTPM_PROGRAM_RUN)
    return 0;
  count = (size_t) (argc - first);
  if (count < command->least)
    return vtpm_error_set (error, 0, "%s: %s is missing", command->name, command->missing);
  if (count > command->most)
    return vtpm_options_unexpected (argv[first + (int) command->most], error);
  target->options->arguments = argv + first;
  target->options->argument_count = count;
  return 0;
}

int
vtpmctl_options_parse (int argc, char **argv, enum vtpm_program_action *action,
                       vtpmctl_command *command, struct vtpmctl_options *options,
                       struct vtpm_error **error)
{
  const struct vtpmctl_option_group *common
      = &vtpmctl_option_groups[vtpmctl_option_group_count - 1];
  struct vtpmctl_target target = { VTPM_PROGRAM_RUN, options };
  const struct vtpmctl_entry *found = NULL;
  int position, words = 0;

  *options = (struct vtpmctl_options) { .days = VTPMCTL_DAYS_UNSET };
  if (vtpm_options_parse (argc, argv, common->options, common->count, &target, &position, error)
      < 0)
    return -1;
  *action = target.action;
  if (*action != VTPM_PROGRAM_RUN)
    return 0;
  if (position >= argc)
    return vtpm_error_set (error, 0, "a command is missing");
  if (find_command (argc - position, argv + position, &found, &words, error) < 0)
    return -1;
  position += words - 1;
  if (parse_command (argc - position, argv + position, found, &target, error) < 0)
    return -1;
  *action = target.action;
  if (*action == VTPM_PROGRAM_RUN)
    *command = found->run;
  return 0;
}

void
vtpmctl_options_print_help (FILE *stream)
{
  fputs ("Usage: vtpmctl COMMAND [OPTION]... [ARGUMENT]...\n"
         "Shows, ends, moves and removes the TPMs of this host's containers.\n\n",
         stream);
  for (size_t i = 0; i < vtpmctl_command_count; i++)
    fprintf (stream, "  %s%-*s%s\n", vtpmctl_commands[i].name,
             24 - (int) strlen (vtpmctl_commands[i].name), vtpmctl_commands[i].arguments,
             vtpmctl_commands[i].help);
  fputs ("\nID is a container's id, or enough of its beginning to be unique. INSTANCE is\n"
         "NAME, which is local/NAME, or SCOPE/NAME. Without a key, a copy in native format\n"
         "is encrypted under this host's key, and can be imported on this host only.\n\n",
         stream);
  for (size_t i = 0; i < vtpmctl_option_group_count; i++)
    {
      const struct vtpmctl_option_group *group = &vtpmctl_option_groups[i];

      if (group->title != NULL)
        fprintf (stream, "%s:\n", group->title);
      vtpm_options_print (stream, group->options, group->count);
      if (group->title != NULL)
        fputs ("\n", stream);
    }
}
