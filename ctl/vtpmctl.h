/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_VTPMCTL_H
#define OCI_VTPM_VTPMCTL_H

/* The subcommands of vtpmctl(1), one file each.  They print what they have to
   say to standard output, and their errors come back.  */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Where things are on this host; elsewhere in tests.  */
struct vtpmctl_host
{
  const char *run_dir;
  const char *config_file;
};

enum vtpmctl_format
{
  VTPMCTL_FORMAT_UNSET,
  VTPMCTL_FORMAT_NATIVE,
  VTPMCTL_FORMAT_SWTPM,
};

#define VTPMCTL_DAYS_UNSET (-1)

struct vtpmctl_options
{
  bool json;
  bool dry_run;
  int days;       /* prune, ca crl; or VTPMCTL_DAYS_UNSET */
  enum vtpmctl_format format;
  const char *key_file;      /* or NULL */
  const char *password_file; /* or NULL */
  bool pem;          /* ek, ca show */
  bool certificates; /* ek */
  const char *name;  /* ca init; or NULL */
  bool rsa;          /* ca init */
  const char *eks;       /* pool fill; or NULL */
  const char *pcr_banks; /* likewise */
  unsigned int count;    /* likewise; or 0 */
  char *const *arguments;    /* as many as the command takes */
  size_t argument_count;
};

typedef int (*vtpmctl_command) (const struct vtpmctl_host *host,
                                const struct vtpmctl_options *options, struct vtpm_error **error);

int vtpmctl_list (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                  struct vtpm_error **error);
int vtpmctl_inspect (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                     struct vtpm_error **error);
int vtpmctl_stop (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                  struct vtpm_error **error);
int vtpmctl_resume (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                    struct vtpm_error **error);
int vtpmctl_rm (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                struct vtpm_error **error);
int vtpmctl_prune (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                   struct vtpm_error **error);
int vtpmctl_export (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                    struct vtpm_error **error);
int vtpmctl_import (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                    struct vtpm_error **error);
int vtpmctl_rekey (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                   struct vtpm_error **error);
int vtpmctl_ek (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                struct vtpm_error **error);
int vtpmctl_ca_init (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                     struct vtpm_error **error);
int vtpmctl_ca_show (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                     struct vtpm_error **error);
int vtpmctl_ca_list (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                     struct vtpm_error **error);
int vtpmctl_ca_revoke (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                       struct vtpm_error **error);
int vtpmctl_ca_crl (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                    struct vtpm_error **error);
int vtpmctl_ca_renew (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                      struct vtpm_error **error);
int vtpmctl_pool_fill (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                       struct vtpm_error **error);
int vtpmctl_pool_status (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                         struct vtpm_error **error);
int vtpmctl_pool_drain (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                        struct vtpm_error **error);

#endif
