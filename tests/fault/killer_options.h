/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_KILLER_OPTIONS_H
#define OCI_VTPM_FAULT_KILLER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct killer_options
{
  enum vtpm_program_action action; /* first, for vtpm_options_set_help */
  bool supervisor;                 /* kill that, once */
  bool times;                      /* print how long each restart took */
  const char *point;               /* a fault point; NULL: none */
  uint64_t count;
  uint64_t seed;
  uint64_t pause_us;
  const char *container;
  const char *progress; /* the client's file */
};

/* What is not given has its default.  */
int killer_options_parse (int argc, char **argv, struct killer_options *options,
                          struct vtpm_error **error);

void killer_options_print_help (FILE *stream);

#endif
