/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_OPTIONS_H
#define OCI_VTPM_OPTIONS_H

/* Long options by table, on top of getopt_long(3).  */

#include <stddef.h>
#include <stdio.h>

#include "error.h"

struct vtpm_option
{
  const char *name;
  const char *value; /* its name in the help text; NULL when the option has none */
  const char *help;

  /* Stores VALUE (NULL when the option has none; else one of ARGV's strings)
     in TARGET.  */
  int (*set) (void *target, const char *value, struct vtpm_error **error);
};

#define VTPM_OPTIONS_MAX 24

/* What a command line asks a program to do.  */
enum vtpm_program_action
{
  VTPM_PROGRAM_RUN,
  VTPM_PROGRAM_SHOW_HELP,
  VTPM_PROGRAM_SHOW_VERSION,
};

/* The options that every program has, for tables whose target begins with an
   enum vtpm_program_action.  */
#define VTPM_OPTIONS_HELP_AND_VERSION                             \
  { "help", NULL, "print this text", vtpm_options_set_help },     \
  { "version", NULL, "print the version", vtpm_options_set_version }

int vtpm_options_set_help (void *target, const char *value, struct vtpm_error **error);
int vtpm_options_set_version (void *target, const char *value, struct vtpm_error **error);

/* Calls `set` for each option in ARGV.  *FIRST_ARGUMENT is the index of the
   first word that is no option; what follows it is not looked at.  */
int vtpm_options_parse (int argc, char **argv, const struct vtpm_option *table, size_t count,
                        void *target, int *first_argument, struct vtpm_error **error);

/* The same for options that may stand among and after the other words: these are
   moved behind them, in their order.  "--" ends the options.  */
int vtpm_options_parse_anywhere (int argc, char **argv, const struct vtpm_option *table,
                                 size_t count, void *target, int *first_argument,
                                 struct vtpm_error **error);

/* Writes the table as the option part of --help.  */
void vtpm_options_print (FILE *stream, const struct vtpm_option *table, size_t count);

/* The error for a word that no argument is expected in place of.  */
int vtpm_options_unexpected (const char *argument, struct vtpm_error **error);

#endif
