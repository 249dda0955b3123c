/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_EMULATOR_OPTIONS_H
#define OCI_VTPM_EMULATOR_OPTIONS_H

/*
 * The command line of vtpm-emulator.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "log.h"
#include "options.h"
#include "tpm_version.h"

struct vtpm_emulator_options
{
  enum vtpm_program_action action;   /* first, for VTPM_OPTIONS_HELP_AND_VERSION */
  enum vtpm_tpm_version tpm_version; /* 2.0 unless given */
  enum vtpm_log_level log_level;     /* info unless given */
  bool persistent;   /* what is permanent is to be committed by the supervisor */
  bool failure_mode; /* be no TPM, but answer for one */
  unsigned int pcr_banks; /* the TPM has to have (manufacture_spec.h), 0: any */
  unsigned int eks;       /* likewise, with certificates, at least */
  uint64_t refuse;   /* the number of a command not to be executed again, 0: none */
};

/* Fills *OPTIONS.  Unknown options, wrong values and arguments that are no
   options are errors that quote what was given.  */
int vtpm_emulator_options_parse (int argc, char **argv, struct vtpm_emulator_options *options,
                                 struct vtpm_error **error);

/* Writes the text of --help.  */
void vtpm_emulator_options_print_help (FILE *stream);

#endif
