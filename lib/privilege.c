/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "privilege.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int
vtpm_user_find (const char *name, struct vtpm_user *user, struct vtpm_error **error)
{
  const struct passwd *entry;

  errno = 0;
  entry = getpwnam (name);
  if (entry == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
    return vtpm_error_set (error, errno, "cannot look up the system user %s", name);
  if (entry == NULL)
    return vtpm_error_set (error, 0,
                           "the system user %s does not exist: run systemd-sysusers, or "
                           "useradd --system --shell /usr/sbin/nologin %s",
                           name, name);
  if (entry->pw_uid == 0 || entry->pw_gid == 0)
    return vtpm_error_set (error, 0, "the system user %s must not be root or in its group", name);
  user->uid = entry->pw_uid;
  user->gid = entry->pw_gid;
  return 0;
}

/* The bounding set ends at the first capability that the kernel does not
   know.  */
static int
empty_bounding_set (void)
{
  for (unsigned long capability = 0; prctl (PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       capability++)
    if (prctl (PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
      return -1;
  return 0;
}

/* setresuid() from root empties the permitted set only while the securebits
   are at their default; this does not depend on them.  */
static int
drop_capabilities (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

  if (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
    return -1;
  return (int) syscall (SYS_capset, &header, none);
}

int
vtpm_user_become (const struct vtpm_user *user, struct vtpm_error **error)
{
  if (empty_bounding_set () < 0 || setgroups (0, NULL) < 0
      || setresgid (user->gid, user->gid, user->gid) < 0
      || setresuid (user->uid, user->uid, user->uid) < 0 || drop_capabilities () < 0
      || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return vtpm_error_set (error, errno, "cannot become user %u, group %u", user->uid, user->gid);
  return 0;
}
