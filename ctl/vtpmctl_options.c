/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_options.h"

#include <stdint.h>
#include <string.h>

#include "names.h"
#include "options.h"

#define DAYS_MAX 3650
#define COUNT(table) (sizeof (table) / sizeof ((table)[0]))

struct target
{
  enum vtpm_program_action action; /* first, for VTPM_OPTIONS_HELP_AND_VERSION */
  struct vtpmctl_options *options;
};

static struct vtpmctl_options *
options_of (void *target)
{
  return ((struct target *) target)->options;
}

static int
set_json (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  options_of (target)->json = true;
  return 0;
}

static int
set_dry_run (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  options_of (target)->dry_run = true;
  return 0;
}

static int
set_older_than (void *target, const char *value, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];
  size_t length = strlen (value);

  if (length == 0 || length > 4 || strspn (value, "0123456789") != length
      || strtol (value, NULL, 10) > DAYS_MAX)
    return vtpm_error_set (error, 0, "\"%s\" is not a number of days from 0 to %d",
                           vtpm_name_quote (value, quoted, sizeof (quoted)), DAYS_MAX);
  options_of (target)->older_than = (int) strtol (value, NULL, 10);
  return 0;
}

static int
set_format (void *target, const char *value, struct vtpm_error **error)
{
  static const char *const names[] = {
    [VTPMCTL_FORMAT_NATIVE] = "native",
    [VTPMCTL_FORMAT_SWTPM] = "swtpm",
  };
  char quoted[VTPM_NAME_QUOTED_SIZE];

  for (size_t i = VTPMCTL_FORMAT_NATIVE; i < COUNT (names); i++)
    if (strcmp (names[i], value) == 0)
      {
        options_of (target)->format = (enum vtpmctl_format) i;
        return 0;
      }
  return vtpm_error_set (error, 0, "\"%s\" is not native or swtpm",
                         vtpm_name_quote (value, quoted, sizeof (quoted)));
}

static int
set_secret_file (const char **file, const struct vtpmctl_options *options, const char *value,
                 struct vtpm_error **error)
{
  if (options->key_file != NULL || options->password_file != NULL)
    return vtpm_error_set (error, 0, "one key or one password is enough");
  *file = value;
  return 0;
}

static int
set_key_file (void *target, const char *value, struct vtpm_error **error)
{
  struct vtpmctl_options *options = options_of (target);

  return set_secret_file (&options->key_file, options, value, error);
}

static int
set_password_file (void *target, const char *value, struct vtpm_error **error)
{
  struct vtpmctl_options *options = options_of (target);

  return set_secret_file (&options->password_file, options, value, error);
}

#define COMMON_OPTIONS                                                 \
  { "json", NULL, "list: print JSON instead of a table", set_json },   \
  VTPM_OPTIONS_HELP_AND_VERSION

static const struct vtpm_option common_options[] = { COMMON_OPTIONS };

static const struct vtpm_option prune_options[] = {
  { "older-than", "DAYS", "instead of the configured retention time", set_older_than },
  { "dry-run", NULL, "only print what would be removed", set_dry_run },
  COMMON_OPTIONS,
};

static const struct vtpm_option transfer_options[] = {
  { "format", "FORMAT", "native (export's default), or swtpm: a state directory", set_format },
  { "key-file", "FILE", "the key that the state is encrypted under outside", set_key_file },
  { "password-file", "FILE", "swtpm: the password that it is encrypted under", set_password_file },
  COMMON_OPTIONS,
};

static const struct command
{
  const char *name;
  const char *arguments; /* in the help text */
  size_t least, most;    /* how many arguments it takes */
  const char *missing;   /* what an argument that is not there would have been */
  const struct vtpm_option *options;
  size_t option_count;
  vtpmctl_command run;
  const char *help;
} commands[] = {
  { "list", "", 0, 0, NULL, common_options, COUNT (common_options), vtpmctl_list,
    "every running vTPM and every kept instance, one a line" },
  { "inspect", " ID|INSTANCE", 1, 1, "a container's id or an instance", common_options,
    COUNT (common_options), vtpmctl_inspect, "all about one, as JSON" },
  { "stop", " ID", 1, 1, "a container's id", common_options, COUNT (common_options),
    vtpmctl_stop, "end one: the container's device goes away" },
  { "resume", " ID", 1, 1, "a container's id", common_options, COUNT (common_options),
    vtpmctl_resume, "let one in state failed try again" },
  { "rm", " INSTANCE...", 1, SIZE_MAX, "an instance", common_options, COUNT (common_options),
    vtpmctl_rm, "remove kept instances for good" },
  { "prune", "", 0, 0, NULL, prune_options, COUNT (prune_options), vtpmctl_prune,
    "remove nameless instances that have not been used lately" },
  { "export", " INSTANCE PATH", 2, 2, "an instance or a path", transfer_options,
    COUNT (transfer_options), vtpmctl_export, "copy an instance to a new file or directory" },
  { "import", " INSTANCE PATH", 2, 2, "an instance or a path", transfer_options,
    COUNT (transfer_options), vtpmctl_import, "make an instance of such a copy" },
  { "rekey", "", 0, 0, NULL, common_options, COUNT (common_options), vtpmctl_rekey,
    "make a new host key, and encrypt all instances anew" },
};

static const struct command *
find_command (const char *name, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  for (size_t i = 0; i < COUNT (commands); i++)
    if (strcmp (commands[i].name, name) == 0)
      return &commands[i];
  vtpm_error_set (error, 0, "unknown command \"%s\"",
                  vtpm_name_quote (name, quoted, sizeof (quoted)));
  return NULL;
}

/* ARGV begins with the command's name.  */
static int
parse_command (int argc, char **argv, const struct command *command, struct target *target,
               struct vtpm_error **error)
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
  struct target target = { VTPM_PROGRAM_RUN, options };
  const struct command *found;
  int position;

  *options = (struct vtpmctl_options) { .older_than = VTPMCTL_DAYS_UNSET };
  if (vtpm_options_parse (argc, argv, common_options, COUNT (common_options), &target, &position,
                          error)
      < 0)
    return -1;
  *action = target.action;
  if (*action != VTPM_PROGRAM_RUN)
    return 0;
  if (position >= argc)
    return vtpm_error_set (error, 0, "a command is missing");
  found = find_command (argv[position], error);
  if (found == NULL
      || parse_command (argc - position, argv + position, found, &target, error) < 0)
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
  for (size_t i = 0; i < COUNT (commands); i++)
    fprintf (stream, "  %s%-*s%s\n", commands[i].name, 24 - (int) strlen (commands[i].name),
             commands[i].arguments, commands[i].help);
  fputs ("\nID is a container's id, or enough of its beginning to be unique. INSTANCE is\n"
         "NAME, which is local/NAME, or SCOPE/NAME. Without a key, a copy in native format\n"
         "is encrypted under this host's key, and can be imported on this host only.\n\n"
         "prune:\n",
         stream);
  vtpm_options_print (stream, prune_options, COUNT (prune_options) - COUNT (common_options));
  fputs ("\nexport, import:\n", stream);
  vtpm_options_print (stream, transfer_options, COUNT (transfer_options) - COUNT (common_options));
  fputs ("\n", stream);
  vtpm_options_print (stream, common_options, COUNT (common_options));
}
