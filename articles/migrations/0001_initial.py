
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Article',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin_site', models.CharField(blank=True, editable=False, max_length=200, verbose_name='source site')),
                ('origin_type', models.CharField(blank=True, editable=False, max_length=40, verbose_name='type at the source')),
                ('origin_id', models.CharField(blank=True, editable=False, max_length=200, verbose_name='id at the source')),
                ('kind', models.CharField(choices=[('article', 'article'), ('page', 'page')], default='article', max_length=10, verbose_name='kind')),
                ('headline', models.CharField(max_length=300, verbose_name='headline')),
                ('slug', models.SlugField(allow_unicode=True, help_text='The last part of the address, such as ferry-runs-again.', max_length=200, verbose_name='web address')),
                ('standfirst', models.TextField(blank=True, help_text='The sentence or two under the headline.', verbose_name='standfirst')),
                ('body', models.TextField(blank=True, verbose_name='text')),
                ('language', models.CharField(blank=True, help_text='Empty: the site’s.', max_length=10, verbose_name='language')),
                ('state', models.CharField(choices=[('draft', 'draft'), ('scheduled', 'scheduled'), ('published', 'published'), ('withdrawn', 'withdrawn')], default='draft', editable=False, max_length=10, verbose_name='state')),
                ('scheduled_for', models.DateTimeField(blank=True, null=True, verbose_name='scheduled for')),
                ('published_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='first published at')),
                ('published_on', models.DateField(blank=True, editable=False, null=True, verbose_name='date in its address')),
                ('withdrawn_reason', models.TextField(blank=True, editable=False, verbose_name='why it was withdrawn')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created at')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='text changed at')),
                ('takes_comments', models.BooleanField(default=True, verbose_name='open for comments')),
                ('comments_close_at', models.DateTimeField(blank=True, null=True, verbose_name='comments close at')),
                ('comment_count', models.PositiveIntegerField(default=0, editable=False, verbose_name='comments')),
                ('root_count', models.PositiveIntegerField(default=0, editable=False)),
                ('revision', models.PositiveIntegerField(default=1, editable=False, verbose_name='revision')),
                ('page_version', models.PositiveBigIntegerField(default=1, editable=False)),
            ],
            options={
                'verbose_name': 'article',
                'verbose_name_plural': 'articles',
                'permissions': [('publish_article', 'Can publish, schedule and withdraw articles'), ('change_any_article', "Can see and change everybody's articles")],
                'indexes': [
                    models.Index(condition=models.Q(('kind', 'article'), ('state', 'published')), fields=['-published_at', '-id'], name='article_newest'),
                    models.Index(condition=models.Q(('kind', 'page'), ('state', 'published')), fields=['headline'], name='article_pages'),
                    models.Index(condition=models.Q(('state', 'scheduled')), fields=['scheduled_for'], name='article_due'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('origin_id', ''), _negated=True), fields=('origin_site', 'origin_type', 'origin_id'), name='article_once_per_origin'),
                    models.UniqueConstraint(condition=models.Q(('kind', 'article')), fields=('published_on', 'slug'), name='article_address_once'),
                    models.UniqueConstraint(condition=models.Q(('kind', 'page'), models.Q(('published_on', None), _negated=True)), fields=('slug',), name='page_address_once'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'scheduled', 'published', 'withdrawn'])), name='article_state_known'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['article', 'page'])), name='article_kind_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'published'), _negated=True), models.Q(('published_at__isnull', False), ('published_on__isnull', False)), _connector='OR'), name='article_published_has_a_date'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'scheduled'), _negated=True), ('scheduled_for__isnull', False), _connector='OR'), name='article_scheduled_has_a_time'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Author',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin_site', models.CharField(blank=True, editable=False, max_length=200, verbose_name='source site')),
                ('origin_type', models.CharField(blank=True, editable=False, max_length=40, verbose_name='type at the source')),
                ('origin_id', models.CharField(blank=True, editable=False, max_length=200, verbose_name='id at the source')),
                ('name', models.CharField(max_length=245, verbose_name='name')),
                ('slug', models.SlugField(allow_unicode=True, max_length=200, unique=True, verbose_name='web address')),
                ('biography', models.TextField(blank=True, verbose_name='biography')),
                ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='author', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'verbose_name': 'author',
                'verbose_name_plural': 'authors',
                'ordering': ['name', 'pk'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('origin_id', ''), _negated=True), fields=('origin_site', 'origin_type', 'origin_id'), name='author_once_per_origin'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Byline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('writer', 'by'), ('photographer', 'photographs by'), ('editor', 'edited by'), ('translator', 'translated by')], default='writer', max_length=20, verbose_name='role')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('article', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bylines', to='articles.article')),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bylines', to='articles.author', verbose_name='author')),
            ],
            options={
                'verbose_name': 'byline',
                'verbose_name_plural': 'bylines',
                'ordering': ['position', 'pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('article', 'author', 'role'), name='byline_once'),
                ],
            },
        ),
        migrations.AddField(
            model_name='article',
            name='authors',
            field=models.ManyToManyField(blank=True, related_name='articles', through='articles.Byline', to='articles.author', verbose_name='authors'),
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin_site', models.CharField(blank=True, editable=False, max_length=200, verbose_name='source site')),
                ('origin_type', models.CharField(blank=True, editable=False, max_length=40, verbose_name='type at the source')),
                ('origin_id', models.CharField(blank=True, editable=False, max_length=200, verbose_name='id at the source')),
                ('file', models.ImageField(height_field='height', max_length=300, upload_to='pictures/%Y/%m', verbose_name='file', width_field='width')),
                ('width', models.PositiveIntegerField(blank=True, editable=False, null=True, verbose_name='width, in pixels')),
                ('height', models.PositiveIntegerField(blank=True, editable=False, null=True, verbose_name='height, in pixels')),
                ('alternative_text', models.TextField(blank=True, help_text='Describe the picture for people who can’t see it.', verbose_name='alternative text')),
                ('caption', models.TextField(blank=True, verbose_name='caption')),
                ('credit', models.CharField(blank=True, max_length=300, verbose_name='credit')),
                ('focal_x', models.PositiveSmallIntegerField(default=50, validators=[django.core.validators.MaxValueValidator(100)], verbose_name='focal point, from the left')),
                ('focal_y', models.PositiveSmallIntegerField(default=50, validators=[django.core.validators.MaxValueValidator(100)], verbose_name='focal point, from the top')),
                ('widths', models.JSONField(editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
            ],
            options={
                'verbose_name': 'picture',
                'verbose_name_plural': 'pictures',
                'indexes': [models.Index(condition=models.Q(('widths__isnull', True)), fields=['id'], name='picture_without_copies'), models.Index(fields=['file'], name='picture_by_file')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('origin_id', ''), _negated=True), fields=('origin_site', 'origin_type', 'origin_id'), name='picture_once_per_origin')],
            },
        ),
        migrations.AddField(
            model_name='article',
            name='lead_picture',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='led', to='articles.picture', verbose_name='lead picture'),
        ),
        migrations.CreateModel(
            name='Redirect',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('site', models.CharField(blank=True, max_length=200, verbose_name='old site')),
                ('path', models.CharField(max_length=700, verbose_name='old path')),
                ('article', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='redirects', to='articles.article', verbose_name='article')),
            ],
            options={
                'verbose_name': 'redirect',
                'verbose_name_plural': 'redirects',
                'indexes': [
                    models.Index(fields=['path'], name='redirect_by_path'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('site', 'path'), name='redirect_once_per_site'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Section',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin_site', models.CharField(blank=True, editable=False, max_length=200, verbose_name='source site')),
                ('origin_type', models.CharField(blank=True, editable=False, max_length=40, verbose_name='type at the source')),
                ('origin_id', models.CharField(blank=True, editable=False, max_length=200, verbose_name='id at the source')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('slug', models.SlugField(allow_unicode=True, max_length=200, unique=True, verbose_name='web address')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position in the menu')),
                ('in_menu', models.BooleanField(default=True, verbose_name='in the menu')),
            ],
            options={
                'verbose_name': 'section',
                'verbose_name_plural': 'sections',
                'ordering': ['position', 'name', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('origin_id', ''), _negated=True), fields=('origin_site', 'origin_type', 'origin_id'), name='section_once_per_origin')],
            },
        ),
        migrations.AddField(
            model_name='article',
            name='section',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='articles', to='articles.section', verbose_name='section'),
        ),
        migrations.CreateModel(
            name='Site',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(default='Newsreader', max_length=200, verbose_name='name')),
                ('tagline', models.CharField(blank=True, max_length=300, verbose_name='tagline')),
                ('footer', models.TextField(blank=True, verbose_name='footer')),
                ('articles_per_page', models.PositiveSmallIntegerField(default=20, verbose_name='articles per page')),
                ('page_version', models.PositiveBigIntegerField(default=1, editable=False)),
                ('lead', models.ForeignKey(blank=True, help_text='Empty: the newest article with a picture.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='articles.article', verbose_name='lead story')),
            ],
            options={
                'verbose_name': 'site',
                'verbose_name_plural': 'site',
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('pk', 1)), name='site_is_one_row'),
                    models.CheckConstraint(condition=models.Q(('articles_per_page__gte', 1)), name='site_lists_articles'),
                ],
            },
        ),
        migrations.CreateModel(
            name='MenuItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(choices=[('menu', 'menu'), ('foot', 'foot')], default='menu', max_length=10, verbose_name='place')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('label', models.CharField(blank=True, help_text='Empty: the name of the section or page.', max_length=100, verbose_name='label')),
                ('address', models.CharField(blank=True, max_length=500, verbose_name='or address')),
                ('page', models.ForeignKey(blank=True, limit_choices_to={'kind': 'page'}, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='articles.article', verbose_name='page')),
                ('section', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='articles.section', verbose_name='section')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='menu_items', to='articles.site')),
            ],
            options={
                'verbose_name': 'menu entry',
                'verbose_name_plural': 'menu entries',
                'ordering': ['place', 'position', 'pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('address', ''), ('page', None), ('section__isnull', False)), models.Q(('address', ''), ('page__isnull', False), ('section', None)), models.Q(('page', None), ('section', None), models.Q(('address', ''), _negated=True), models.Q(('label', ''), _negated=True)), _connector='OR'), name='menu_item_leads_to_one_thing', violation_error_message='Choose a section, or a page, or type an address and a label for it.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SourceAttribution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('adapted', 'Adapted from'), ('agency', 'Agency report by'), ('republished', 'First published by'), ('translated', 'Translated from'), ('based_on', 'Based on reporting by')], default='adapted', max_length=20, verbose_name='kind')),
                ('name', models.CharField(max_length=200, verbose_name='agency or site')),
                ('url', models.URLField(blank=True, max_length=1000, verbose_name='link')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('article', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sources', to='articles.article')),
            ],
            options={
                'verbose_name': 'source',
                'verbose_name_plural': 'sources',
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin_site', models.CharField(blank=True, editable=False, max_length=200, verbose_name='source site')),
                ('origin_type', models.CharField(blank=True, editable=False, max_length=40, verbose_name='type at the source')),
                ('origin_id', models.CharField(blank=True, editable=False, max_length=200, verbose_name='id at the source')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('slug', models.SlugField(allow_unicode=True, max_length=200, unique=True, verbose_name='web address')),
            ],
            options={
                'verbose_name': 'tag',
                'verbose_name_plural': 'tags',
                'ordering': ['name', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('origin_id', ''), _negated=True), fields=('origin_site', 'origin_type', 'origin_id'), name='tag_once_per_origin')],
            },
        ),
        migrations.AddField(
            model_name='article',
            name='tags',
            field=models.ManyToManyField(blank=True, related_name='articles', to='articles.tag', verbose_name='tags'),
        ),
        migrations.AddIndex(
            model_name='article',
            index=models.Index(condition=models.Q(('kind', 'article'), ('state', 'published')), fields=['section', '-published_at', '-id'], name='article_newest_of_section'),
        ),
    ]
