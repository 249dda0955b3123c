/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_VTPMCTL_COMMANDS_H
#define OCI_VTPM_VTPMCTL_COMMANDS_H

/* All subcommands of vtpmctl and their options: what vtpmctl_options.c parses by.  */

#include "options.h"
#include "vtpmctl.h"

/* Of each option's `set`.  */
struct vtpmctl_target
{
  enum vtpm_program_action action; /* first, for VTPM_OPTIONS_HELP_AND_VERSION */
  struct vtpmctl_options *options;
};

struct vtpmctl_entry
{
  const char *name;      /* one word, or two with a blank between them */
  const char *arguments; /* in the help text */
  size_t least, most;    /* how many arguments it takes */
  const char *missing;   /* what an argument that is not there would have been */
  const struct vtpm_option *options;
  size_t option_count;
  vtpmctl_command run;
  const char *help;
};

extern const struct vtpmctl_entry vtpmctl_commands[];
extern const size_t vtpmctl_command_count;

/* The help text's parts.  */
struct vtpmctl_option_group
{
  const char *title; /* NULL: of all commands; the last one */
  const struct vtpm_option *options;
  size_t count;
};

extern const struct vtpmctl_option_group vtpmctl_option_groups[];
extern const size_t vtpmctl_option_group_count;

#endif
