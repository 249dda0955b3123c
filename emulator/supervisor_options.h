/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SUPERVISOR_OPTIONS_H
#define OCI_VTPM_SUPERVISOR_OPTIONS_H

/* The command line of vtpm-supervisor.  */

#include <stdio.h>

#include "options.h"
#include "supervisor.h"

/* Fills *SETTINGS but for the descriptors.  The strings are those of ARGV.  */
int vtpm_supervisor_options_parse (int argc, char **argv, enum vtpm_program_action *action,
                                   struct vtpm_supervisor_settings *settings,
                                   struct vtpm_error **error);

void vtpm_supervisor_options_print_help (FILE *stream);

#endif
