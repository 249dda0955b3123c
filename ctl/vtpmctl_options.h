/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_VTPMCTL_OPTIONS_H
#define OCI_VTPM_VTPMCTL_OPTIONS_H

/* The command line of vtpmctl.  */

#include <stdio.h>

#include "options.h"
#include "vtpmctl.h"

/* --json, --help and --version may stand before the subcommand; all options may stand
   after it, also among and behind its arguments, which ARGV is reordered for.
   *COMMAND is set for VTPM_PROGRAM_RUN only.  The strings are those of ARGV.  */
int vtpmctl_options_parse (int argc, char **argv, enum vtpm_program_action *action,
                           vtpmctl_command *command, struct vtpmctl_options *options,
                           struct vtpm_error **error);

void vtpmctl_options_print_help (FILE *stream);

#endif
