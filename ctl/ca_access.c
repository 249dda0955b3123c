/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_access.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "host_config.h"
#include "libcrypto.h"
#include "privilege.h"

static int
load_config (const struct vtpmctl_host *host, struct vtpm_ca_access *access,
             struct vtpm_error **error)
{
  *access = (struct vtpm_ca_access) { 0 };
  if (vtpm_libcrypto_prepare (error) < 0
      || vtpm_ca_config_load (host->config_file, &access->config, error) < 0)
    return -1;
  if (access->config.command != NULL)
    return vtpm_error_set_plain (error, EOPNOTSUPP,
                                 "%s signs the certificates, and whoever is behind it keeps the "
                                 "records",
                                 access->config.command[0]);
  return 0;
}

/* Whoever may read the directory may use the keys.  */
static int
check_directory (const char *dir, const struct stat *status, struct vtpm_error **error)
{
  if (!S_ISDIR (status->st_mode))
    return vtpm_error_set_plain (error, ENOTDIR, "%s is no directory", dir);
  if ((status->st_mode & 077) != 0)
    return vtpm_error_set_plain (error, EPERM, "%s may be entered by others than its owner: chmod 700",
                                 dir);
  return 0;
}

/* A directory that is ours already is a test's.  */
static int
become_owner (const char *dir, struct vtpm_error **error)
{
  struct vtpm_user user;
  struct stat status;

  if (lstat (dir, &status) < 0)
    return errno == ENOENT
               ? vtpm_error_set_plain (error, ENOENT,
                                       "there is no authority in %s: vtpmctl ca init makes one", dir)
               : vtpm_error_set (error, errno, "cannot look at %s", dir);
  if (check_directory (dir, &status, error) < 0)
    return -1;
  if (status.st_uid == geteuid ())
    return 0;
  if (geteuid () != 0)
    return vtpm_error_set_plain (error, EPERM, "only root may work on %s", dir);
  if (vtpm_user_find (VTPM_CA_USER, &user, error) < 0)
    return -1;
  if (status.st_uid != user.uid)
    return vtpm_error_set_plain (error, EPERM, "%s does not belong to the user " VTPM_CA_USER, dir);
  if (vtpm_user_become (&user, error) < 0)
    return -1;
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return vtpm_error_set (error, errno, "cannot keep others out of this process");
  return 0;
}

int
vtpm_ca_access_open (const struct vtpmctl_host *host, struct vtpm_ca_access *access,
                     struct vtpm_error **error)
{
  if (load_config (host, access, error) < 0 || become_owner (access->config.place.dir, error) < 0)
    return -1;
  return vtpm_ca_open (&access->config.place, &access->ca, error);
}

/* The state directory may not be there yet.  In it, and wherever else root makes it, the
   authority's belongs to its own user; else we are that user.  */
static int
make_directory (const char *dir, const char *state_dir, struct vtpm_error **error)
{
  struct vtpm_user user = { .uid = geteuid (), .gid = getegid () };
  struct stat status;

  if (lstat (dir, &status) == 0)
    return 0;
  if (geteuid () == 0 && vtpm_user_find (VTPM_CA_USER, &user, error) < 0)
    return -1;
  if (mkdir (state_dir, 0755) < 0 && errno != EEXIST)
    return vtpm_error_set (error, errno, "cannot make %s", state_dir);
  if (mkdir (dir, 0700) < 0)
    return errno == EEXIST ? 0 : vtpm_error_set (error, errno, "cannot make %s", dir);
  if (lchown (dir, user.uid, user.gid) < 0)
    return vtpm_error_set (error, errno, "cannot give %s to its user", dir);
  return 0;
}

int
vtpm_ca_access_prepare (const struct vtpmctl_host *host, struct vtpm_ca_access *access,
                        struct vtpm_error **error)
{
  struct vtpm_host_config config;

  if (load_config (host, access, error) < 0
      || vtpm_host_config_load (host->config_file, &config, error) < 0
      || make_directory (access->config.place.dir, config.state_dir, error) < 0)
    return -1;
  return become_owner (access->config.place.dir, error);
}

void
vtpm_ca_access_close (struct vtpm_ca_access *access)
{
  vtpm_ca_close (access->ca);
  vtpm_ca_config_clear (&access->config);
}
