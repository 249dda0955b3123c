/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_commands.h"

#include <stdint.h>
#include <string.h>

#include "names.h"
#include "pool_config.h"

#define DAYS_MAX 3650
#define COUNT(table) (sizeof (table) / sizeof ((table)[0]))

#define OPTIONS(table) table, COUNT (table)

/* Without COMMON_OPTIONS at its end.  */
#define OWN_OPTIONS(table) table, COUNT (table) - COUNT (common_options)

static struct vtpmctl_options *
options_of (void *target)
{
  return ((struct vtpmctl_target *) target)->options;
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
set_days (void *target, const char *value, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];
  size_t length = strlen (value);

  if (length == 0 || length > 4 || strspn (value, "0123456789") != length
      || strtol (value, NULL, 10) > DAYS_MAX)
    return vtpm_error_set (error, 0, "\"%s\" is not a number of days from 0 to %d",
                           vtpm_name_quote (value, quoted, sizeof (quoted)), DAYS_MAX);
  options_of (target)->days = (int) strtol (value, NULL, 10);
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

static int
set_pem (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  options_of (target)->pem = true;
  return 0;
}

static int
set_certificates (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  options_of (target)->certificates = true;
  return 0;
}

static int
set_name (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  options_of (target)->name = value;
  return 0;
}

static int
set_key_type (void *target, const char *value, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  options_of (target)->rsa = strcmp (value, "rsa3072") == 0;
  if (!options_of (target)->rsa && strcmp (value, "ecc-p384") != 0)
    return vtpm_error_set (error, 0, "\"%s\" is not ecc-p384 or rsa3072",
                           vtpm_name_quote (value, quoted, sizeof (quoted)));
  return 0;
}

static int
set_eks (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  options_of (target)->eks = value;
  return 0;
}

static int
set_pcr_banks (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  options_of (target)->pcr_banks = value;
  return 0;
}

static int
set_count (void *target, const char *value, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];
  size_t length = strlen (value);

  if (length == 0 || length > 5 || strspn (value, "0123456789") != length
      || strtol (value, NULL, 10) < 1 || strtol (value, NULL, 10) > VTPM_POOL_COUNT_MAX)
    return vtpm_error_set (error, 0, "\"%s\" is not a number from 1 to %d",
                           vtpm_name_quote (value, quoted, sizeof (quoted)), VTPM_POOL_COUNT_MAX);
  options_of (target)->count = (unsigned int) strtol (value, NULL, 10);
  return 0;
}

#define COMMON_OPTIONS                                                                \
  { "json", NULL, "list, ek, ca list, ca show, pool status: print JSON", set_json },               \
  VTPM_OPTIONS_HELP_AND_VERSION

static const struct vtpm_option common_options[] = { COMMON_OPTIONS };

static const struct vtpm_option prune_options[] = {
  { "older-than", "DAYS", "instead of the configured retention time", set_days },
  { "dry-run", NULL, "only print what would be removed", set_dry_run },
  COMMON_OPTIONS,
};

static const struct vtpm_option transfer_options[] = {
  { "format", "FORMAT", "native (export's default), or swtpm: a state directory", set_format },
  { "key-file", "FILE", "the key that the state is encrypted under outside", set_key_file },
  { "password-file", "FILE", "swtpm: the password that it is encrypted under", set_password_file },
  COMMON_OPTIONS,
};

static const struct vtpm_option ek_options[] = {
  { "pem", NULL, "only the public keys, PEM", set_pem },
  { "cert", NULL, "only the certificates, PEM", set_certificates },
  COMMON_OPTIONS,
};

static const struct vtpm_option init_options[] = {
  { "name", "NAME", "of the authority, in its certificates (the host's name)", set_name },
  { "key-type", "TYPE", "ecc-p384 (default) or rsa3072", set_key_type },
  COMMON_OPTIONS,
};

static const struct vtpm_option show_options[] = {
  { "pem", NULL, "the certificates of the issuer and of its root, PEM", set_pem },
  COMMON_OPTIONS,
};

static const struct vtpm_option fill_options[] = {
  { "ek", "LIST", "endorsement keys, instead of what is configured", set_eks },
  { "pcr-banks", "LIST", "PCR banks, likewise", set_pcr_banks },
  { "count", "NUMBER", "how many of these there are to be", set_count },
  COMMON_OPTIONS,
};

static const struct vtpm_option crl_options[] = {
  { "days", "DAYS", "until the next list is due (7)", set_days },
  COMMON_OPTIONS,
};

const struct vtpmctl_entry vtpmctl_commands[] = {
  { "list", "", 0, 0, NULL, OPTIONS (common_options), vtpmctl_list,
    "every running vTPM and every kept instance, one a line" },
  { "inspect", " ID|INSTANCE", 1, 1, "a container's id or an instance", OPTIONS (common_options), vtpmctl_inspect, "all about one, as JSON" },
  { "stop", " ID", 1, 1, "a container's id", OPTIONS (common_options),
    vtpmctl_stop, "end one: the container's device goes away" },
  { "resume", " ID", 1, 1, "a container's id", OPTIONS (common_options),
    vtpmctl_resume, "let one in state failed try again" },
  { "rm", " INSTANCE...", 1, SIZE_MAX, "an instance", OPTIONS (common_options),
    vtpmctl_rm, "remove kept instances for good" },
  { "prune", "", 0, 0, NULL, OPTIONS (prune_options), vtpmctl_prune,
    "remove nameless instances that have not been used lately" },
  { "export", " INSTANCE PATH", 2, 2, "an instance or a path", OPTIONS (transfer_options), vtpmctl_export, "copy an instance to a new file or directory" },
  { "import", " INSTANCE PATH", 2, 2, "an instance or a path", OPTIONS (transfer_options), vtpmctl_import, "make an instance of such a copy" },
  { "rekey", "", 0, 0, NULL, OPTIONS (common_options), vtpmctl_rekey,
    "make a new host key, and encrypt all instances anew" },
  { "ek", " ID", 1, 1, "a container's id", OPTIONS (ek_options), vtpmctl_ek,
    "the endorsement keys of one, and their certificates" },
  { "ca init", "", 0, 0, NULL, OPTIONS (init_options), vtpmctl_ca_init,
    "make this host's authority for endorsement keys" },
  { "ca show", "", 0, 0, NULL, OPTIONS (show_options), vtpmctl_ca_show, "what it is" },
  { "ca list", "", 0, 0, NULL, OPTIONS (common_options), vtpmctl_ca_list,
    "all certificates that it has issued" },
  { "ca revoke", " SERIAL|UUID", 1, 1, "a serial number or an instance's uuid",
    OPTIONS (common_options), vtpmctl_ca_revoke, "revoke certificates" },
  { "ca crl", "", 0, 0, NULL, OPTIONS (crl_options), vtpmctl_ca_crl,
    "print a list of the revoked ones, PEM" },
  { "ca renew", "", 0, 0, NULL, OPTIONS (common_options), vtpmctl_ca_renew,
    "renew the issuer's certificate" },
  { "pool fill", "", 0, 0, NULL, OPTIONS (fill_options), vtpmctl_pool_fill,
    "make TPMs for containers to come" },
  { "pool status", "", 0, 0, NULL, OPTIONS (common_options), vtpmctl_pool_status,
    "how many there are, and are to be" },
  { "pool drain", "", 0, 0, NULL, OPTIONS (common_options), vtpmctl_pool_drain,
    "remove them all" },
};

const size_t vtpmctl_command_count = COUNT (vtpmctl_commands);

const struct vtpmctl_option_group vtpmctl_option_groups[] = {
  { "prune", OWN_OPTIONS (prune_options) },
  { "export, import", OWN_OPTIONS (transfer_options) },
  { "ek", OWN_OPTIONS (ek_options) },
  { "ca init", OWN_OPTIONS (init_options) },
  { "ca show", OWN_OPTIONS (show_options) },
  { "ca crl", OWN_OPTIONS (crl_options) },
  { "pool fill", OWN_OPTIONS (fill_options) },
  { NULL, common_options, COUNT (common_options) },
};

const size_t vtpmctl_option_group_count = COUNT (vtpmctl_option_groups);
