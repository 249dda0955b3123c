/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_STRESS_OPTIONS_H
#define OCI_VTPM_FAULT_STRESS_OPTIONS_H

#include <stdint.h>

#include "options.h"
#include "transport.h"

struct stress_options
{
  enum vtpm_program_action action; /* first, for vtpm_options_set_help */
  const char *device;              /* a path, or a TCTI with its configuration */
  enum transport_way way;
  uint64_t seed;
  uint64_t steps;         /* 0: until SIGTERM */
  uint64_t verify_every;  /* steps; 0: at the end only */
  const char *activities; /* separated by commas; NULL: all */
  const char *ledger;     /* NULL: none */
  const char *progress;   /* the file (progress.h); NULL: none */
  unsigned int number;    /* of this client, from 0 */
  unsigned int clients;   /* that use the TPM at once */
  uint64_t errors_max;    /* gives up when there are more */
};

/* What is not given has its default.  */
int stress_options_parse (int argc, char **argv, struct stress_options *options,
                          struct vtpm_error **error);

void stress_options_print_help (FILE *stream);

#endif
