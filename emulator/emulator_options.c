/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "emulator_options.h"

#include <stdlib.h>

#include "fault_points.h"
#include "manufacture_spec.h"
#include "names.h"
#include "options.h"

static int
set_tpm_version (void *target, const char *value, struct vtpm_error **error)
{
  struct vtpm_emulator_options *options = target;

  return vtpm_tpm_version_from_name (value, &options->tpm_version, error);
}

static int
set_log_level (void *target, const char *value, struct vtpm_error **error)
{
  struct vtpm_emulator_options *options = target;

  return vtpm_log_level_from_name (value, &options->log_level, error);
}

static int
set_persistent (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  ((struct vtpm_emulator_options *) target)->persistent = true;
  return 0;
}

static int
set_failure_mode (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  ((struct vtpm_emulator_options *) target)->failure_mode = true;
  return 0;
}

static int
set_pcr_banks (void *target, const char *value, struct vtpm_error **error)
{
  struct vtpm_emulator_options *options = target;

  return vtpm_pcr_banks_parse (value, &options->pcr_banks, error);
}

static int
set_eks (void *target, const char *value, struct vtpm_error **error)
{
  return vtpm_key_types_parse (value, &((struct vtpm_emulator_options *) target)->eks, error);
}

static int
set_refuse (void *target, const char *value, struct vtpm_error **error)
{
  struct vtpm_emulator_options *options = target;
  char quoted[VTPM_NAME_QUOTED_SIZE];
  char *end;

  errno = 0;
  options->refuse = strtoull (value, &end, 10);
  if (errno != 0 || *end != '\0' || value[0] < '1' || value[0] > '9')
    return vtpm_error_set_plain (error, EINVAL, "\"%s\" is not the number of a command",
                                 vtpm_name_quote (value, quoted, sizeof (quoted)));
  return 0;
}

static const struct vtpm_option table[] = {
  { "tpm-version", "VERSION", "2.0 (default) or 1.2", set_tpm_version },
  { "log-level", "LEVEL", "error, warning, info (default) or debug", set_log_level },
  { "persistent", NULL, "have permanent state committed before answering", set_persistent },
  { "pcr-banks", "LIST", "what the TPM has to have", set_pcr_banks },
  { "ek", "LIST", "endorsement keys that the TPM has to have", set_eks },
  { "refuse", "NUMBER", "a command not to be executed again", set_refuse },
  { "failure-mode", NULL, "answer everything with TPM_RC_FAILURE", set_failure_mode },
  VTPM_OPTIONS_HELP_AND_VERSION,
};

#define TABLE_SIZE (sizeof (table) / sizeof (table[0]))

int
vtpm_emulator_options_parse (int argc, char **argv, struct vtpm_emulator_options *options,
                             struct vtpm_error **error)
{
  int first_argument;

  *options = (struct vtpm_emulator_options) {
    .action = VTPM_PROGRAM_RUN,
    .tpm_version = VTPM_TPM_2_0,
    .log_level = VTPM_LOG_INFO,
  };
  if (vtpm_options_parse (argc, argv, table, TABLE_SIZE, options, &first_argument, error) < 0)
    return -1;
  if (first_argument < argc)
    return vtpm_options_unexpected (argv[first_argument], error);
  return 0;
}

void
vtpm_emulator_options_print_help (FILE *stream)
{
  fputs ("Usage: vtpm-emulator [OPTION]...\n"
         "Answers the commands of one vTPM; vtpm-supervisor starts it.\n\n",
         stream);
  vtpm_options_print (stream, table, TABLE_SIZE);
#ifdef VTPM_ENABLE_FAULT_POINTS
  fputs ("\nFault points:\n", stream);
  vtpm_fault_print_names (stream);
#endif
}
