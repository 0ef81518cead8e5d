
import comments.models.comment
import comments.models.paths
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('articles', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin_site', models.CharField(blank=True, editable=False, max_length=200, verbose_name='source site')),
                ('origin_type', models.CharField(blank=True, editable=False, max_length=40, verbose_name='type at the source')),
                ('origin_id', models.CharField(blank=True, editable=False, max_length=200, verbose_name='id at the source')),
                ('depth', models.PositiveIntegerField(default=0, editable=False, verbose_name='depth')),
                ('path', comments.models.paths.PathField(editable=False, max_length=180, null=True)),
                ('status', models.CharField(choices=[('pending', 'Waiting'), ('approved', 'Approved'), ('spam', 'Spam'), ('trash', 'Trash')], default='pending', editable=False, max_length=10, verbose_name='status')),
                ('kind', models.CharField(choices=[('comment', 'comment'), ('pingback', 'pingback'), ('trackback', 'trackback')], default='comment', editable=False, max_length=10, verbose_name='kind')),
                ('channel', models.CharField(choices=[('page', 'page'), ('api', 'API'), ('import', 'import')], default='page', editable=False, max_length=10, verbose_name='left through')),
                ('name', models.CharField(blank=True, max_length=245, verbose_name='name')),
                ('website', models.CharField(blank=True, max_length=500, verbose_name='website')),
                ('avatar', models.CharField(blank=True, max_length=100, verbose_name='picture')),
                ('provider', models.CharField(blank=True, editable=False, max_length=40, verbose_name='by the account of')),
                ('by_staff', models.BooleanField(default=False, editable=False, verbose_name='by the newsroom')),
                ('body', models.TextField(verbose_name='text')),
                ('html', models.TextField(default='', editable=False)),
                ('link_count', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='links')),
                ('text_key', models.CharField(blank=True, editable=False, max_length=16)),
                ('renderer', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='version of the renderer')),
                ('language', models.CharField(blank=True, max_length=10, verbose_name='language')),
                ('article_revision', models.PositiveIntegerField(default=1, editable=False, verbose_name='revision of the article at posting')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='left at')),
                ('edited_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='edited at')),
                ('reply_count', models.PositiveIntegerField(default=0, editable=False)),
                ('thread_count', models.PositiveIntegerField(default=0, editable=False)),
                ('flag_count', models.PositiveIntegerField(default=0, editable=False, verbose_name='open reports')),
                ('picked_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='picked by the editors at')),
                ('status_token', models.CharField(default=comments.models.comment.new_token, editable=False, max_length=32)),
                ('idempotency_key', models.CharField(editable=False, max_length=64, null=True)),
                ('fingerprint', models.CharField(blank=True, editable=False, max_length=64)),
                ('duplicate_key', models.CharField(blank=True, editable=False, max_length=64)),
                ('article', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='articles.article', verbose_name='article')),
                ('assigned_to', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='handed to')),
                ('identity', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='comments', to='accounts.commenteridentity', verbose_name='commenter')),
                ('parent', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replies', to='comments.comment', verbose_name='in reply to')),
                ('root', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='comments.comment')),
            ],
            options={
                'verbose_name': 'comment',
                'verbose_name_plural': 'comments',
                'permissions': [('moderate_comment', 'Can decide about comments under their own articles'), ('moderate_any_comment', 'Can decide about all comments')],
            },
        ),
        migrations.CreateModel(
            name='MonthlyStats',
            fields=[
                ('month', models.DateField(primary_key=True, serialize=False, verbose_name='month')),
                ('numbers', models.JSONField(default=dict)),
                ('made_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'verbose_name': 'month in figures',
                'verbose_name_plural': 'months in figures',
            },
        ),
        migrations.CreateModel(
            name='RateLimit',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('full_at', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='RefusalReason',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='code')),
                ('label', models.CharField(max_length=100, verbose_name='for moderators')),
                ('sentence', models.TextField(blank=True, help_text='Shown on the private page and in mails.', verbose_name='for the author')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='offered')),
            ],
            options={
                'verbose_name': 'reason',
                'verbose_name_plural': 'reasons',
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ReplyTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=100, verbose_name='title')),
                ('text', models.TextField(max_length=10000, verbose_name='text')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
            ],
            options={
                'verbose_name': 'reply template',
                'verbose_name_plural': 'reply templates',
                'ordering': ['position', 'title'],
            },
        ),
        migrations.CreateModel(
            name='ArticleSettings',
            fields=[
                ('article', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='discussion', serialize=False, to='articles.article')),
                ('slow_seconds', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(3600)], verbose_name='slow mode: seconds between two comments of one person')),
                ('members_only', models.BooleanField(default=False, verbose_name='only people who are signed in may reply')),
                ('hold_everything', models.BooleanField(default=False, verbose_name='hold every comment')),
                ('close_after_days', models.PositiveIntegerField(blank=True, help_text='Empty: as on the whole site. 0: never.', null=True, verbose_name='close after days')),
                ('surge', models.PositiveSmallIntegerField(choices=[(0, 'as usual'), (1, 'slowed down'), (2, 'everything waits')], default=0, editable=False, verbose_name='surge')),
                ('surge_since', models.DateTimeField(editable=False, null=True)),
                ('surge_facts', models.JSONField(default=dict, editable=False)),
            ],
            options={
                'verbose_name': 'discussion',
                'verbose_name_plural': 'discussions',
                'indexes': [models.Index(condition=models.Q(('surge__gt', 0)), fields=['surge_since'], name='discussion_surging')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(null=True, unique=True)),
                ('kind', models.CharField(max_length=40, verbose_name='what')),
                ('subject', models.CharField(blank=True, max_length=80, verbose_name='about')),
                ('by_account', models.PositiveBigIntegerField(null=True, verbose_name='by account')),
                ('facts', models.JSONField(default=dict, verbose_name='facts')),
                ('personal', models.JSONField(null=True, verbose_name='personal data')),
                ('salt', models.CharField(blank=True, max_length=32)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('hash', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit log',
                'indexes': [models.Index(condition=models.Q(('number', None)), fields=['id'], name='log_unsealed'), models.Index(fields=['subject', 'id'], name='log_by_subject'), models.Index(fields=['kind', 'created_at'], name='log_by_kind')],
            },
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(blank=True, choices=[('pending', 'Waiting'), ('approved', 'Approved'), ('spam', 'Spam'), ('trash', 'Trash')], max_length=10, verbose_name='to')),
                ('reason', models.CharField(blank=True, max_length=40, verbose_name='reason')),
                ('state', models.CharField(choices=[('running', 'running'), ('done', 'done')], default='running', max_length=10, verbose_name='state')),
                ('total', models.PositiveIntegerField(default=0, verbose_name='comments')),
                ('changed', models.PositiveIntegerField(default=0, verbose_name='changed')),
                ('withdrawn', models.PositiveIntegerField(default=0)),
                ('passed_over', models.PositiveIntegerField(default=0)),
                ('left_to_others', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('finished_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('undoes', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='undone_by', to='comments.batch')),
            ],
            options={
                'verbose_name': 'batch of decisions',
                'verbose_name_plural': 'batches of decisions',
            },
        ),
        migrations.CreateModel(
            name='Ban',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.CharField(blank=True, max_length=254, verbose_name='email address')),
                ('network', models.CharField(blank=True, max_length=43, verbose_name='network')),
                ('reason', models.CharField(blank=True, max_length=40, verbose_name='reason')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note for colleagues')),
                ('quiet', models.BooleanField(default=False, verbose_name='without telling them')),
                ('ends_at', models.DateTimeField(blank=True, help_text='Empty: no end.', null=True, verbose_name='until')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='since')),
                ('lifted_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='lifted at')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('identity', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='bans', to='accounts.commenteridentity', verbose_name='commenter')),
                ('batch', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bans', to='comments.batch')),
                ('lifted_with', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lifted_bans', to='comments.batch')),
            ],
            options={
                'verbose_name': 'ban',
                'verbose_name_plural': 'bans',
            },
        ),
        migrations.CreateModel(
            name='ConnectionData',
            fields=[
                ('comment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='connection_data', serialize=False, to='comments.comment')),
                ('address', models.GenericIPAddressField(blank=True, null=True, verbose_name='IP address')),
                ('user_agent', models.CharField(blank=True, max_length=254, verbose_name='user agent')),
                ('email', models.CharField(blank=True, max_length=254, verbose_name='email')),
            ],
            options={
                'verbose_name': 'connection data',
                'verbose_name_plural': 'connection data',
            },
        ),
        migrations.CreateModel(
            name='ReviewLock',
            fields=[
                ('comment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='review_lock', serialize=False, to='comments.comment')),
                ('until', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='BatchItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('batch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='comments.batch')),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='comments.comment')),
            ],
        ),
        migrations.CreateModel(
            name='CommentSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('require_name_email', models.BooleanField(default=True, verbose_name='guests must give name and email')),
                ('registration_required', models.BooleanField(default=False, verbose_name='only people who are signed in may reply')),
                ('close_after_days', models.PositiveIntegerField(default=0, help_text='Counted from an article’s publication. 0: never.', verbose_name='close after days')),
                ('text_limit', models.PositiveIntegerField(default=10000, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65000)], verbose_name='longest text, in characters')),
                ('hold_everything', models.BooleanField(default=False, verbose_name='hold every comment')),
                ('hold_first_comment', models.BooleanField(default=True, verbose_name='hold comments of people without an approved comment')),
                ('max_links', models.PositiveSmallIntegerField(default=2, help_text='Or more. 0: any number of links is fine.', verbose_name='hold comments with this many links')),
                ('fastest_seconds', models.PositiveSmallIntegerField(default=3, help_text='Counted from the first touch of the form, by its script. 0: speed does not matter.', validators=[django.core.validators.MaxValueValidator(60)], verbose_name='hold comments that newcomers post within so many seconds')),
                ('flood_burst', models.PositiveSmallIntegerField(default=3, help_text='From one network or person.', validators=[django.core.validators.MinValueValidator(1)], verbose_name='comments in a row')),
                ('flood_seconds', models.PositiveSmallIntegerField(default=15, help_text='0: no limit.', verbose_name='then one every so many seconds')),
                ('roots_per_page', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='threads on a page')),
                ('replies_shown', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MaxValueValidator(50)], verbose_name='replies shown under each')),
                ('thread_page_size', models.PositiveSmallIntegerField(default=50, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(200)], verbose_name='comments on a page of one thread')),
                ('levels_shown', models.PositiveSmallIntegerField(default=5, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10)], verbose_name='levels of nesting shown')),
                ('order', models.CharField(choices=[('oldest', 'oldest first'), ('newest', 'newest first')], default='oldest', max_length=10, verbose_name='order')),
                ('flags_hold', models.PositiveSmallIntegerField(default=3, help_text='Or more. 0: reports alone hold nothing.', verbose_name='hold comments with this many reports by readers')),
                ('premoderated', models.PositiveSmallIntegerField(default=1, help_text='Once so many are approved, the next ones appear at once.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='comments of a newcomer to approve by hand')),
                ('trusted_after', models.PositiveSmallIntegerField(default=20, help_text='Links from trusted people are never held. 0: trust nobody.', verbose_name='approved comments until somebody is trusted')),
                ('refusals_allowed', models.PositiveSmallIntegerField(default=3, help_text='From then on their comments wait again. 0: never.', verbose_name='refusals in 30 days until somebody loses trust')),
                ('surge_control', models.BooleanField(default=True, help_text='First people pause between comments, then every comment waits. It ends by itself.', verbose_name='slow discussions down automatically when they get out of hand')),
                ('surge_from', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1)], verbose_name='fewest comments in ten minutes that can be a surge')),
                ('surge_pause', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3600)], verbose_name='seconds between two comments of one person in a surge')),
                ('mail_moderators', models.BooleanField(default=True, verbose_name='mail moderators when a comment waits')),
                ('mail_confirmations', models.BooleanField(default=True, help_text='One mail with a link. After following it, they no longer wait for an editor.', verbose_name='let guests confirm their email address')),
            ],
            options={
                'verbose_name': 'comment settings',
                'verbose_name_plural': 'comment settings',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='rules_are_one_row'), models.CheckConstraint(condition=models.Q(('flood_burst__gte', 1), ('levels_shown__gte', 1), ('roots_per_page__gte', 1), ('thread_page_size__gte', 1)), name='rules_make_sense')],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('source', models.CharField(blank=True, max_length=40, verbose_name='source')),
                ('before', models.CharField(blank=True, max_length=10, verbose_name='from')),
                ('after', models.CharField(choices=[('pending', 'Waiting'), ('approved', 'Approved'), ('spam', 'Spam'), ('trash', 'Trash')], max_length=10, verbose_name='to')),
                ('reasons', models.JSONField(default=list, verbose_name='reasons')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('batch', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='comments.batch', verbose_name='batch')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='comments.comment', verbose_name='comment')),
            ],
            options={
                'verbose_name': 'decision',
                'verbose_name_plural': 'decisions',
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(verbose_name="in the author's words")),
                ('outcome', models.CharField(blank=True, choices=[('', 'open'), ('granted', 'granted'), ('rejected', 'rejected'), ('withdrawn', 'withdrawn with the comment')], default='', max_length=10, verbose_name='outcome')),
                ('settled_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='at')),
                ('settled_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('comment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='appeal', to='comments.comment', verbose_name='comment')),
                ('decision', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='comments.decision', verbose_name='against')),
                ('settled_with', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='settled_appeals', to='comments.decision')),
            ],
            options={
                'verbose_name': 'appeal',
                'verbose_name_plural': 'appeals',
            },
        ),
        migrations.CreateModel(
            name='EmailConfirmation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=64, unique=True)),
                ('network', models.CharField(max_length=64)),
                ('token', models.CharField(default=comments.models.comment.new_token, max_length=32)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='email_confirmations', to='comments.comment')),
            ],
        ),
        migrations.CreateModel(
            name='FilterEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pattern', models.CharField(max_length=200, verbose_name='what to look for')),
                ('match', models.CharField(choices=[('word', 'word or phrase'), ('substring', 'anywhere, also inside words'), ('domain', 'domain, with all under it'), ('network', 'IP address or network'), ('agent', "browser's name, anywhere in it"), ('regex', 'regular expression')], default='word', max_length=10, verbose_name='as')),
                ('action', models.CharField(choices=[('hold', 'wait for an editor'), ('spam', 'spam'), ('refuse', 'trash, without telling the author'), ('ban', 'refuse openly (networks only)')], default='hold', max_length=10, verbose_name='then')),
                ('is_active', models.BooleanField(default=True, verbose_name='in force')),
                ('only_counts', models.BooleanField(default=False, help_text='Takes no action; only counts how often it matches.', verbose_name='only count')),
                ('ends_at', models.DateTimeField(blank=True, help_text='Empty: no end.', null=True, verbose_name='until')),
                ('examples', models.TextField(blank=True, help_text='One per line. The entry is refused if it does not match all of them.', verbose_name='must be found in')),
                ('counterexamples', models.TextField(blank=True, help_text='One per line. The entry is refused if it matches any of them.', verbose_name='must not be found in')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note for colleagues')),
                ('hits', models.PositiveIntegerField(default=0, editable=False, verbose_name='hits')),
                ('last_hit_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last hit')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('changed_at', models.DateTimeField(auto_now=True, verbose_name='changed at')),
                ('article', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='articles.article', verbose_name='only under the article')),
                ('section', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='articles.section', verbose_name='only in the section')),
            ],
            options={
                'verbose_name': 'list entry',
                'verbose_name_plural': 'list entries',
                'ordering': ['pattern', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='KeptDraft',
            fields=[
                ('token', models.CharField(default=comments.models.comment.new_token, max_length=32, primary_key=True, serialize=False)),
                ('browser', models.CharField(db_index=True, max_length=32)),
                ('network', models.CharField(db_index=True, max_length=64)),
                ('typed', models.JSONField(default=dict)),
                ('provider', models.CharField(blank=True, max_length=40)),
                ('back', models.CharField(choices=[('page', 'Page'), ('article', 'Article'), ('window', 'Window')], default='page', max_length=10)),
                ('channel', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('article', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='articles.article')),
            ],
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('tip', 'tip'), ('source', 'source'), ('question', 'question')], max_length=10)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('comment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='labels', to='comments.comment')),
            ],
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=1000, verbose_name='note')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='comments.comment', verbose_name='comment')),
            ],
            options={
                'verbose_name': 'note',
                'verbose_name_plural': 'notes',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='PathBucket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', comments.models.paths.PathField(blank=True, max_length=180)),
                ('count', models.PositiveIntegerField()),
                ('article', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='articles.article')),
                ('root', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='comments.comment')),
            ],
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('spam', 'spam or advertising'), ('abuse', 'insulting or abusive'), ('off_topic', 'not about the article'), ('personal_data', 'gives away personal data'), ('illegal', 'against the law'), ('other', 'something else')], max_length=20, verbose_name='reason')),
                ('detail', models.TextField(blank=True, verbose_name="in the reader's words")),
                ('reporter', models.CharField(editable=False, max_length=64)),
                ('law', models.CharField(blank=True, max_length=200, verbose_name='law')),
                ('good_faith', models.BooleanField(default=False, verbose_name='states good faith')),
                ('name', models.CharField(blank=True, max_length=245, verbose_name='name')),
                ('email', models.CharField(blank=True, max_length=254, verbose_name='email')),
                ('token', models.CharField(default=comments.models.comment.new_token, editable=False, max_length=32)),
                ('outcome', models.CharField(blank=True, choices=[('', 'open'), ('removed', 'the comment was removed'), ('kept', 'the comment stays')], default='', max_length=10, verbose_name='outcome')),
                ('decision_reason', models.CharField(blank=True, editable=False, max_length=40)),
                ('settled_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='settled at')),
                ('objection', models.TextField(blank=True, verbose_name='objection to keeping the comment')),
                ('objected_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='objected at')),
                ('kept_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='reported at')),
                ('account', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='comments.comment', verbose_name='comment')),
                ('kept_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled_with', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='settled_reports', to='comments.decision')),
            ],
            options={
                'verbose_name': 'report',
                'verbose_name_plural': 'reports',
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(choices=[('waiting', 'a comment waits'), ('published', 'your comment is published'), ('refused', 'your comment was refused'), ('confirm', 'is this your address?'), ('report_received', 'we have your report'), ('report_settled', 'the outcome of your report'), ('objection_settled', 'the outcome of your objection'), ('appeal_rejected', 'your appeal was rejected'), ('handed_over', 'a comment was handed to you')], max_length=20)),
                ('address', models.EmailField(max_length=254)),
                ('language', models.CharField(blank=True, max_length=10)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('failure', models.CharField(blank=True, max_length=200)),
                ('comment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='comments.comment')),
                ('decision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='comments.decision')),
                ('report', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='comments.report')),
            ],
            options={
                'verbose_name': 'mail',
                'verbose_name_plural': 'mails',
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('body', models.TextField(verbose_name='text')),
                ('replaced_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='replaced at')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='changed by')),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='comments.comment', verbose_name='comment')),
            ],
            options={
                'verbose_name': 'earlier text',
                'verbose_name_plural': 'earlier texts',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='BanAppeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('appellant', models.CharField(editable=False, max_length=64)),
                ('by_owner', models.BooleanField(editable=False, verbose_name='by the banned person')),
                ('token', models.CharField(blank=True, editable=False, max_length=32)),
                ('text', models.TextField(blank=True, verbose_name='in their words')),
                ('outcome', models.CharField(blank=True, choices=[('', 'open'), ('lifted', 'the ban was lifted'), ('upheld', 'the ban stays')], default='', max_length=10, verbose_name='outcome')),
                ('settled_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='at')),
                ('ban', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='appeals', to='comments.ban', verbose_name='ban')),
                ('settled_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'appeal against a ban',
                'verbose_name_plural': 'appeals against bans',
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['created_at'], name='ban_appeal_open'), models.Index(fields=['created_at'], name='ban_appeal_by_time'), models.Index(condition=models.Q(('settled_at__isnull', False)), fields=['settled_at'], name='ban_appeal_settled')],
                'constraints': [models.UniqueConstraint(fields=('ban', 'appellant'), name='ban_appeal_once_by_each'), models.UniqueConstraint(condition=models.Q(('outcome', '')), fields=('ban', 'by_owner'), name='ban_appeal_open_once'), models.CheckConstraint(condition=models.Q(models.Q(('appellant', 'owner'), ('by_owner', True)), models.Q(('by_owner', False), models.Q(('appellant__in', ['', 'owner']), _negated=True)), _connector='OR'), name='ban_appeal_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', ''), ('settled_at', None), ('settled_by', None)), models.Q(('outcome__in', ['lifted', 'upheld']), ('settled_at__isnull', False)), _connector='OR'), name='ban_appeal_settled_with_its_time')],
            },
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(fields=['by', '-created_at'], name='batch_of_moderator'),
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(condition=models.Q(('state', 'running')), fields=['created_at'], name='batch_running'),
        ),
        migrations.AddConstraint(
            model_name='ban',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('email', ''), ('identity__isnull', False), ('network', '')), models.Q(('identity', None), models.Q(('email', ''), ('network', ''), _connector='XOR')), _connector='OR'), name='ban_of_one_kind', violation_error_message='A ban names one of these: an account, an email address or a network.'),
        ),
        migrations.AddConstraint(
            model_name='ban',
            constraint=models.UniqueConstraint(condition=models.Q(('identity__isnull', False), ('lifted_at', None)), fields=('identity',), name='ban_of_account_once'),
        ),
        migrations.AddConstraint(
            model_name='ban',
            constraint=models.UniqueConstraint(condition=models.Q(('lifted_at', None), models.Q(('email', ''), _negated=True)), fields=('email',), name='ban_of_email_once'),
        ),
        migrations.AddConstraint(
            model_name='ban',
            constraint=models.UniqueConstraint(condition=models.Q(('lifted_at', None), models.Q(('network', ''), _negated=True)), fields=('network',), name='ban_of_network_once'),
        ),
        migrations.AddIndex(
            model_name='connectiondata',
            index=models.Index(fields=['email', 'comment'], name='trace_by_beginning', opclasses=['varchar_pattern_ops', 'int8_ops']),
        ),
        migrations.AddIndex(
            model_name='connectiondata',
            index=models.Index(fields=['address', 'comment'], name='trace_by_address'),
        ),
        migrations.AddField(
            model_name='reviewlock',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('parent', None), models.Q(('status', 'approved'), ('thread_count__gt', 0), _connector='OR')), fields=['article', 'path'], name='comment_roots'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('status', 'approved')), fields=['root', 'path'], name='comment_thread'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('parent__isnull', False)), fields=['parent', 'status'], name='comment_replies'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('root__isnull', False)), fields=['root'], name='comment_branch'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['created_at', 'id'], name='comment_waiting'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['status', '-created_at', '-id'], name='comment_by_status'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('status', 'approved')), fields=['article', '-created_at', '-id'], name='comment_newest_of_article'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['article', 'duplicate_key'], name='comment_duplicates'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['renderer', 'id'], name='comment_by_renderer'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('text_key', ''), _negated=True), fields=['text_key', '-created_at'], name='comment_same_text'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('flag_count__gt', 0)), fields=['created_at', 'id'], name='comment_reported'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('link_count__gt', 0)), fields=['-created_at', '-id'], name='comment_with_links'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('link_count__gt', 0)), fields=['status', '-created_at', '-id'], name='comment_links_by_status'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('assigned_to__isnull', False)), fields=['assigned_to'], name='comment_assigned'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('picked_at__isnull', False)), fields=['article', 'picked_at'], name='comment_picked'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['-created_at', '-id'], name='comment_newest'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['identity', 'status'], name='comment_by_identity'),
        ),
        migrations.AddConstraint(
            model_name='comment',
            constraint=models.UniqueConstraint(condition=models.Q(('origin_id', ''), _negated=True), fields=('origin_site', 'origin_type', 'origin_id'), name='comment_once_per_origin'),
        ),
        migrations.AddConstraint(
            model_name='comment',
            constraint=models.UniqueConstraint(fields=('idempotency_key',), name='comment_once_per_key'),
        ),
        migrations.AddConstraint(
            model_name='comment',
            constraint=models.UniqueConstraint(fields=('article', 'path'), name='comment_path_once'),
        ),
        migrations.AddConstraint(
            model_name='comment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'approved', 'spam', 'trash'])), name='comment_status_known'),
        ),
        migrations.AddConstraint(
            model_name='comment',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['comment', 'pingback', 'trackback'])), name='comment_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='comment',
            constraint=models.CheckConstraint(condition=models.Q(('parent', None), models.Q(('parent', models.F('id')), _negated=True), _connector='OR'), name='comment_is_not_its_own_parent'),
        ),
        migrations.AddConstraint(
            model_name='comment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('depth', 0), ('parent', None), ('root', None)), models.Q(('depth__gt', 0), ('parent__isnull', False), ('root__isnull', False)), _connector='OR'), name='comment_root_and_depth_follow_parent'),
        ),
        migrations.AddConstraint(
            model_name='batchitem',
            constraint=models.UniqueConstraint(fields=('batch', 'comment'), name='batch_item_once'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['created_at'], name='decision_by_time'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.UniqueConstraint(fields=('comment', 'number'), name='decision_number_once'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('after__in', ['pending', 'approved', 'spam', 'trash'])), name='decision_status_known'),
        ),
        migrations.AddIndex(
            model_name='appeal',
            index=models.Index(condition=models.Q(('outcome', '')), fields=['created_at'], name='appeal_open'),
        ),
        migrations.AddIndex(
            model_name='appeal',
            index=models.Index(fields=['created_at'], name='appeal_by_time'),
        ),
        migrations.AddIndex(
            model_name='appeal',
            index=models.Index(condition=models.Q(('settled_at__isnull', False)), fields=['settled_at'], name='appeal_settled'),
        ),
        migrations.AddIndex(
            model_name='emailconfirmation',
            index=models.Index(fields=['network', 'asked_at'], name='proof_by_network'),
        ),
        migrations.AddIndex(
            model_name='filterentry',
            index=models.Index(condition=models.Q(('is_active', True)), fields=['changed_at'], name='rule_changes'),
        ),
        migrations.AddConstraint(
            model_name='filterentry',
            constraint=models.UniqueConstraint(condition=models.Q(('article', None), ('section', None)), fields=('pattern', 'match'), name='rule_once', violation_error_message='This entry is on the list already.'),
        ),
        migrations.AddConstraint(
            model_name='filterentry',
            constraint=models.UniqueConstraint(condition=models.Q(('article', None)), fields=('pattern', 'match', 'section'), name='rule_once_in_section', violation_error_message='This entry is on the list of that section already.'),
        ),
        migrations.AddConstraint(
            model_name='filterentry',
            constraint=models.UniqueConstraint(fields=('pattern', 'match', 'article'), name='rule_once_under_article', violation_error_message='This entry is on the list of that article already.'),
        ),
        migrations.AddConstraint(
            model_name='filterentry',
            constraint=models.CheckConstraint(condition=models.Q(('section', None), ('article', None), _connector='OR'), name='rule_has_one_scope', violation_error_message='Choose a section or an article, not both.'),
        ),
        migrations.AddConstraint(
            model_name='filterentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', 'ban'), _negated=True), ('match', 'network'), _connector='OR'), name='rule_only_networks_are_banned', violation_error_message='Only a network can be refused openly.'),
        ),
        migrations.AddIndex(
            model_name='label',
            index=models.Index(fields=['kind', '-created_at'], name='label_newest'),
        ),
        migrations.AddConstraint(
            model_name='label',
            constraint=models.UniqueConstraint(fields=('comment', 'kind'), name='label_once'),
        ),
        migrations.AddConstraint(
            model_name='pathbucket',
            constraint=models.UniqueConstraint(condition=models.Q(('root', None)), fields=('article', 'start'), name='stretch_of_roots_once'),
        ),
        migrations.AddConstraint(
            model_name='pathbucket',
            constraint=models.UniqueConstraint(condition=models.Q(('root__isnull', False)), fields=('root', 'start'), name='stretch_of_thread_once'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('outcome', '')), fields=['created_at'], name='report_open'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['created_at'], name='report_by_time'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('settled_at__isnull', False)), fields=['settled_at'], name='report_settled'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.UniqueConstraint(fields=('comment', 'reporter'), name='report_once_by_each'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kept_at__isnull', False), ('objected_at__isnull', False)), models.Q(('kept_at', None), ('kept_by', None), ('objected_at', None), ('objection', '')), _connector='OR'), name='report_objection_is_to_an_outcome'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('sent_at', None)), fields=['due_at'], name='delivery_due'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('decision', 'event', 'address'), name='delivery_once_per_event_and_address'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('report', 'event'), name='delivery_once_per_report_and_event'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('comment', None), ('decision__isnull', False), ('report', None)), models.Q(('comment', None), ('decision', None), ('report__isnull', False)), models.Q(('comment__isnull', False), ('decision', None), ('report', None)), _connector='OR'), name='delivery_about_one_thing'),
        ),
    ]
